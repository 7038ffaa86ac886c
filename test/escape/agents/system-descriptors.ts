// Past Node's permissions: read what the host had open when it began, as a shell leaves it (`exec 40<file`). No wall stands
// between a process and a descriptor that it has.
// Invariant: the guest process has its channel and nothing else.

export default function () {
  const got = globalThis.escaped?.(`
    const { readFileSync } = require("node:fs");
    const read = (descriptor) => { try { return readFileSync(descriptor, "latin1"); } catch (error) { return error.code; } };
    Array.from({ length: 60 }, (_, i) => read(i + 30)).find((text) => text.startsWith("canary-")) ?? "nothing"`);
  if (/^canary-/.test(got)) return got;
  if (got !== "nothing") throw new Error(got);
}
