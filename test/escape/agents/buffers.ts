// Buffers lie outside V8's heap, where its limit does not count them.
// Invariant: the memory of the whole process is bounded, wherever it lies.

export default async function () {
  const kept = [];
  for (let i = 0; i < 64; i++) kept.push(new Uint8Array(16 * 1024 * 1024).fill(i + 1));
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
