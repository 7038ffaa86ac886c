// Places in the agent's source, and stacks read back to them: a live run and a review of its record show the same frames.

export interface SourcePlace {
  /** Project path of the source file. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** From a place of the compiled script (line and column from 1) to the agent's source; undefined where there is none. */
export type LocateSource = (line: number, column: number) => SourcePlace | undefined;

/** The stack with its frames at the agent's own lines, without our own frames around the agent; undefined if none is left. */
export function stackInSource(stack: string, locate: LocateSource): string | undefined {
  const frames = stack.split("\n").flatMap((frame) => {
    const found = /\bagent\.js:(\d+):(\d+)/.exec(frame);
    if (found === null) return [frame];
    const place = locate(Number(found[1]), Number(found[2]));
    return place === undefined ? [] : [frame.replace(found[0], () => `${place.file}:${place.line}:${place.column}`)];
  });
  return frames.length === 0 ? undefined : frames.join("\n");
}
