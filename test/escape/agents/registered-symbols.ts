// Registered symbols are one registry for all realms of an isolate: an error or an output that has Node's is called when
// the host shows it.
// Invariant: the guest's isolate has a registry of its own, and the host shows text alone.

export default async function () {
  const hooks = [
    "nodejs.util.inspect.custom",
    "nodejs.util.promisify.custom",
    "nodejs.rejection",
    "nodejs.webstream.isClosedPromise",
  ];
  const loot = { taken: undefined };
  for (const name of hooks) {
    loot[Symbol.for(name)] = (...given) => {
      for (const one of given) {
        try {
          loot.taken ??= one.constructor.constructor("return process.env.CANARY")();
        } catch {}
      }
    };
  }
  console.error(loot);
  return loot.taken;
}
