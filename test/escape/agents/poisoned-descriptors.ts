// A property descriptor is an object, and its `get`, `set` and `value` are looked for on its prototype as well: one there
// turns every definition into an error.
// Invariant: descriptors have no prototype; a poisoned one changes nothing that the prelude defines.
import { desk } from "enclosure:caps";

export default async function () {
  Object.prototype.get = () => "poisoned";
  Object.prototype.writable = false;
  try {
    await desk.fail({});
  } catch {}
}
