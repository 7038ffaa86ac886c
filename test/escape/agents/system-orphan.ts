// Past Node's permissions: leave a process behind, in a session and a group of its own, which nothing that is killed takes
// with it.
// Invariant: the process makes no other, and what is in its namespace ends with it.

export default async function () {
  globalThis.escaped?.(`
    const { spawn } = require("node:child_process");
    // With what it has itself: there is no null device to hand on.
    globalThis.kept = spawn("sleep", ["3600"], { detached: true, stdio: "inherit" })`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
