// The mistakes that the tools notice. One is thrown where it is noticed and leaves a tool as a text that starts with
// "Error: ", as the recorded desk gives it.

/** Never leaves a tool: {@link answer} makes a text of it. */
export class Mistake extends Error {}

/** Runs one tool: its result, or the text of the mistake that it noticed. Nothing has changed after a mistake. */
export function answer<Result>(tool: () => Result): Result | string {
  try {
    return tool();
  } catch (error) {
    if (error instanceof Mistake) return `Error: ${error.message}`;
    throw error;
  }
}

export function found<Thing>(thing: Thing | undefined, mistake: string): Thing {
  if (thing === undefined) throw new Mistake(mistake);
  return thing;
}
