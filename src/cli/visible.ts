// Makes foreign text safe to print. Agents, host modules, manifests and remote servers choose the text of names, values,
// errors and paths: it may hold terminal commands, or characters that hide or reorder what a person reads.
// Invariant: nothing from outside is printed but through one of these functions.

// Control, format (bidi overrides, zero width, tags), surrogates, private use, unassigned, line and paragraph separators,
// and whatever else a terminal draws as nothing; emoji presentation selectors are let through.
const HIDDEN = /(?![\ufe0e\ufe0f])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** One line, with every invisible character spelled out: `\n`, `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, spelled);
}

/** Several lines, each made visible; a tab becomes two blanks. */
export function visibleLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => visible(line.replaceAll("\t", "  ")));
}

/** JSON that is safe on a terminal and still the same JSON: what is invisible stands as an escape. */
export function visibleJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? "null";
  return text.replace(HIDDEN, (found) => (found === "\n" ? found : jsonEscape(found)));
}

/** At most `width` columns, the rest cut and marked; `text` has been made visible. */
export function clipped(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const character of text) {
    columns += displayWidth(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Lines of at most `width` columns, divided at blanks where there are any; `text` has been made visible. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/**
 * Rows of at most `width` columns, divided wherever a row is full; `text` has been made visible. Terminals differ on how
 * wide a character is: each counts here as the most that any gives it, so that no row is ever continued by the terminal.
 */
export function hardWrapped(text: string, width: number): readonly string[] {
  if (widthMost(text) <= width) return [text];
  const rows: string[] = [];
  let row = "";
  let columns = 0;
  for (const character of text) {
    const more = widthMost(character);
    if (row !== "" && columns + more > width) {
      rows.push(row);
      row = "";
      columns = 0;
    }
    row += character;
    columns += more;
  }
  return [...rows, row];
}

/** The most columns that a terminal can need for text that has been made visible. */
export function widthMost(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += character <= "~" ? 1 : 2;
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const FLAT = /[\p{Mn}\p{Me}\ufe0e\ufe0f]/u;

/** Columns that a terminal needs for text that has been made visible. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += FLAT.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return SHORT[character] ?? (code < 0x100 ? `\\x${hexadecimal(code, 2)}` : `\\u${hexadecimal(code, 4)}`);
}

function jsonEscape(character: string): string {
  return Array.from({ length: character.length }, (_, i) => `\\u${hexadecimal(character.charCodeAt(i), 4)}`).join("");
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
