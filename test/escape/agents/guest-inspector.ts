// Out of the isolate, in the guest process's own Node: have the host open its inspector, a door through which everything
// in it can be read and run.
// Invariant: nothing in the process asks for an inspector, and the host opens none when it is asked.

export default async function () {
  globalThis.escaped?.(`const process = require("node:process"); process._debugProcess(process.ppid)`);
  await new Promise((resolve) => setTimeout(resolve, 300));
}
