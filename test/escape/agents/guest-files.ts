// Out of the isolate, in the guest process's own Node: read the user's files.
// Invariant: the process has given up every permission, for files too.

export default function () {
  const got = globalThis.escaped?.(`require("node:fs").readFileSync("/CANARY_FOLDER/canary.txt", "utf8")`);
  return /canary-/.test(got) ? got : undefined;
}
