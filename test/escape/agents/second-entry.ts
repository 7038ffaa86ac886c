// Out of the isolate, in the guest process's own Node: load native code of another kind, which none of Node's restrictions
// binds.
// Invariant: no addon can be loaded once the isolate's own is.

export default function () {
  const got = globalThis.escaped?.(`
    const process = require("node:process");
    const { arch, platform } = process;
    const modules = process.argv[2].replace(/isolated-vm.*/, "");
    const holder = { exports: {} };
    process.dlopen(holder, modules + "better-sqlite3/prebuilds/" + platform + "-" + arch + ".node");
    Object.keys(holder.exports).join()`);
  return /Database/.test(got) ? got : undefined;
}
