// Words of a command that is named for a person to type.

/** As a shell takes it: a path with blanks or signs of the shell's own is quoted. */
export function shellWord(text: string): string {
  return /^[\w./@%+,:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
