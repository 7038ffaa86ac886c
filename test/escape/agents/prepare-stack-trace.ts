// V8 asks Error.prepareStackTrace how a stack is to be spelled, and hands it the call sites: functions, receivers and
// places of every frame, the sandbox's own among them. vm2 fell to this ("Sandbreak").
// Invariant: nobody inside is handed call sites.

export default function () {
  let sites;
  for (const type of [Error, RangeError, TypeError]) {
    try {
      type.prepareStackTrace = (_, given) => (sites = given);
    } catch {}
    try {
      Object.defineProperty(type, "prepareStackTrace", { value: (_, given) => (sites = given) });
    } catch {}
  }
  void new Error("look").stack;
  if (Array.isArray(sites))
    return sites.map((site) => `${site.getFunctionName()} ${site.getFileName()}:${site.getLineNumber()}`);
}
