// A Reference to a host function can be told to answer with a Reference: to the host's promise, on which members can then
// be read and written.
// Invariant: no function of the host's is callable but the one that posts text, and nobody but the prelude has that one.

export default async function () {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (typeof value?.applySync !== "function") continue;
    try {
      const how = { arguments: { copy: true }, result: { reference: true } };
      const answer = value.applySync(undefined, ["get", { id: 1 }], how);
      answer.setSync("then", "mine");
      return answer.getSync("then");
    } catch {}
  }
}
