// map, filter and slice ask the list's constructor for the species of the new one, and define its items on what that
// makes: a Proxy there sees the items of lists that were never the agent's.
// Invariant: no list of the prelude's goes through such a method once the agent runs.

export default async function () {
  const seen = [];
  const spy = new Proxy([], {
    defineProperty: (target, key, descriptor) => {
      seen.push(descriptor.value);
      return Reflect.defineProperty(target, key, descriptor);
    },
  });
  Array.prototype.constructor = {
    [Symbol.species]: function () {
      return spy;
    },
  };
  await fetch("https://example.com/").catch(() => {});
  return seen.find((one) => one?.functions !== undefined);
}
