// Past Node's permissions: fill memory from threads, each with a heap of its own, of which the isolate's limit knows nothing.
// Invariant: the limit of memory is on the process, and is kept from outside.

export default async function () {
  globalThis.escaped?.(`
    const { Worker } = require("node:worker_threads");
    const code = "const kept = []; for (let i = 0; i < 24; i++) kept.push(new Uint8Array(2 ** 20).fill(1)); for (;;);";
    globalThis.kept = Array.from({ length: 16 }, () => new Worker(code, { eval: true }))`);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
