// Assertions: a failed one is a bug of ours. It stops the session and keeps the log; it is never caught and ignored.

/** A broken invariant of this program, not of its input. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Throws a {@link Bug} unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** For the arm of a switch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${String(value)}`);
}
