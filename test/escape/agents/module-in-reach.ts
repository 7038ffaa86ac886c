// Recipes hand isolated-vm itself, or a Reference, to the code inside: "trivial to escape", as its own documentation has
// it. The attack walks over all that it can reach, and takes the first object that has such a method.
// Invariant: no isolated-vm object is reachable.

export default function () {
  const seen = new Set();
  const queue = [globalThis];
  while (queue.length > 0) {
    const object = queue.pop();
    if (object === null || (typeof object !== "object" && typeof object !== "function") || seen.has(object)) continue;
    seen.add(object);
    for (const name of ["derefInto", "applySync", "createContextSync", "copyInto"]) {
      let method;
      try {
        method = object[name];
      } catch {}
      if (typeof method === "function") return `${name} of a ${object.constructor?.name}`;
    }
    for (const key of Reflect.ownKeys(object)) {
      try {
        queue.push(object[key]);
      } catch {}
    }
    queue.push(Object.getPrototypeOf(object));
  }
}
