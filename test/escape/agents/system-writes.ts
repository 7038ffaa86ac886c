// Past Node's permissions: leave a file behind, in the project, in the root, where temporary files go, as its own program.
// Invariant: nothing in the root can be written.

export default function () {
  const got = globalThis.escaped?.(`
    const { readFileSync, writeFileSync } = require("node:fs");
    let last = "";
    for (const path of ["/CANARY_FOLDER/left", "/left", "/tmp/left", "/guest.cjs", "/dev/shm/left"]) {
      try { writeFileSync(path, "left"); last = path + " has " + readFileSync(path, "utf8"); break; }
      catch (error) { last += error.code + " "; }
    }
    last`);
  if (/has left$/.test(got)) return got;
  if (!/^(E\w+ ){5}$/.test(got)) throw new Error(got);
}
