// Out of the isolate, in the guest process's own Node: kill the host, which is a process of the same user.
// Invariant: nothing in the process sends a signal.

export default function () {
  globalThis.escaped?.(`const process = require("node:process"); process.kill(process.ppid, "SIGKILL")`);
}
