// Node shows an object by calling its method [Symbol.for("nodejs.util.inspect.custom")], and hands it `inspect`: a function
// of the host's. A Proxy in its place is asked through its traps.
// Invariant: what an agent logs is spelled by the guest, and the host gets text.

export default async function () {
  let loot;
  const take = (...given) => {
    for (const one of given) {
      try {
        loot ??= one.constructor.constructor("return process.env.CANARY")();
      } catch {}
    }
    return "";
  };
  const custom = Symbol.for("nodejs.util.inspect.custom");
  for (const shown of [{ [custom]: take }, new Proxy({}, { get: (_, key) => (key === custom ? take : undefined) })]) {
    console.log(shown, "%o %s", shown);
  }
  return loot;
}
