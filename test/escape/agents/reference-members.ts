// A Reference to a host object lets its holder read the object's members, those too that nobody meant to grant.
// Invariant: text is all that crosses; no object of the host's is referred to.

export default function () {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (typeof value?.getSync === "function") return value.getSync("vault");
  }
}
