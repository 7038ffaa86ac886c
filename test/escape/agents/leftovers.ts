// An isolate or a context that is kept for the next session keeps what the last one left: globals, prototypes, caches.
// Invariant: an isolate has one session.

export default function () {
  const found = Object.getOwnPropertyNames(globalThis).map((name) => {
    try {
      return JSON.stringify(globalThis[name]) ?? "";
    } catch {
      return "";
    }
  });
  return found.find((text) => text.includes("canary-"));
}
