// Past Node's permissions: the environments, command lines and memory maps of all processes, as /proc shows them.
// Invariant: there is no /proc, and no process but the guest's own.

export default function () {
  const got = globalThis.escaped?.(`
    const { readFileSync, readdirSync } = require("node:fs");
    const read = (path) => { try { return readFileSync(path, "latin1"); } catch { return ""; } };
    let pids = [];
    try { pids = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)); } catch {}
    const own = [...pids, "self", process.ppid].map((pid) => read("/proc/" + pid + "/environ"));
    own.find((text) => text.includes("canary-environment")) ?? "nothing of " + own.join("").length`);
  if (/canary-/.test(got)) return /canary-environment-[-\w]+/.exec(got)?.[0];
  if (!/^nothing of 0$/.test(got)) throw new Error(got);
}
