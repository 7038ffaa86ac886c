// With the module in hand an agent makes an isolate of its own, under whatever memory limit it likes.
// Invariant: the agent cannot make an isolate or a context.

export default function () {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (typeof globalThis[name]?.Isolate !== "function") continue;
    const isolate = new globalThis[name].Isolate({ memoryLimit: 4096 });
    return `an isolate: ${typeof isolate.compileScript}`;
  }
}
