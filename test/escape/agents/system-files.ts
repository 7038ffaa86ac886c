// Past Node's permissions: read the user's files, by their own paths, by climbing out of the root, by other processes' roots.
// Invariant: the root holds a dozen public files, and no way out of it.

export default function () {
  const got = globalThis.escaped?.(`
    const { readFileSync } = require("node:fs");
    const roots = ["", "/..", "/../../../..", "/proc/self/root", "/proc/1/root", "/proc/self/cwd", "/proc/" + process.ppid + "/root"];
    roots.map((root) => {
      try { return readFileSync(root + "/CANARY_FOLDER/canary.txt", "utf8"); } catch (error) { return error.code; }
    }).join()`);
  if (/canary-/.test(got)) return got;
  if (!/^(ENOENT,){6}ENOENT$/.test(got)) throw new Error(got);
}
