// Out of the isolate, in the guest process's own Node: whatever the host's environment, arguments and open files tell.
// Invariant: the process has an environment of two fixed names, and no descriptor but its channel.

export default function () {
  const got = globalThis.escaped?.(`
    const { env, argv } = require("node:process");
    JSON.stringify([env, argv])`);
  return /canary-/.test(got) ? got : undefined;
}
