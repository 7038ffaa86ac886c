// The four function constructors and indirect eval compile code in the global scope, past every name that a wrapper
// shadows.
// Invariant: the global scope holds what the table of permits names, and no loader or process is among it.

export default async function () {
  const constructors = [
    Function,
    (async () => {}).constructor,
    function* () {}.constructor,
    async function* () {}.constructor,
    (code) => () => (0, eval)(`(() => { ${code} })()`),
  ];
  for (const make of constructors) {
    for (const name of ["process", "require('node:process')", "module.require('process')", "globalThis.process"]) {
      try {
        let host = make(`return ${name}`)();
        if (typeof host?.next === "function") host = host.next().value;
        host = await (host?.value ?? host);
        if (host?.env?.CANARY !== undefined) return host.env.CANARY;
      } catch {}
    }
  }
}
