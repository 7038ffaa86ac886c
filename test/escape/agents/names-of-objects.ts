// A bridge that looks a function up by its name finds what every object inherits: constructor, valueOf, __defineGetter__.
// Invariant: a capability is an object without a prototype that has the granted functions, and no others.
import { desk } from "enclosure:caps";

export default async function () {
  for (const name of ["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"]) {
    try {
      const answer = await desk[name]({ called: name });
      if (answer !== undefined) return `${name} answered`;
    } catch {}
  }
}
