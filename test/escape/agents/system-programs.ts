// Past Node's permissions: start a program.
// Invariant: the process makes no other; there is none in its root to become.

export default function () {
  const got = globalThis.escaped?.(
    `require("node:child_process").execFileSync("cat", ["/CANARY_FOLDER/canary.txt"], { encoding: "utf8" })`,
  );
  return /canary-/.test(got) ? got : undefined;
}
