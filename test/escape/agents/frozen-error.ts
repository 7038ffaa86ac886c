// The prelude notes where a call comes from, for which it sets Error.stackTraceLimit. A package that freezes Error, as
// hardened ones do, or makes the limit a trap, could break every call that comes after.
// Invariant: whatever is made of Error, calls go on; only their place in the source may be unknown.
import { desk } from "enclosure:caps";

export default async function () {
  Object.defineProperty(Error, "stackTraceLimit", { value: 1, writable: false });
  Object.freeze(Error);
  try {
    await desk.echo({});
  } catch (error) {
    return `calls are broken: ${error.message}`;
  }
}
