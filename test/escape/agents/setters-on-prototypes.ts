// A table that is a plain object, or a list that grows by index, asks the prototypes for a setter: one there is handed
// what was to be stored. vm2's bridge stored its own objects that way.
// Invariant: the prelude stores in tables without a prototype.
import { desk } from "enclosure:caps";

export default async function () {
  let entry;
  for (let i = 0; i < 20; i++) {
    Object.defineProperty(Object.prototype, i, {
      configurable: true,
      get: () => undefined,
      set(value) {
        if (typeof value?.resolve === "function") entry = value;
      },
    });
  }
  void desk.echo({}).catch(() => {});
  setTimeout(() => {}, 1);
  for (let i = 0; i < 20; i++) delete Object.prototype[i];
  if (entry !== undefined) return Object.keys(entry);
}
