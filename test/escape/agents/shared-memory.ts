// Shared memory and Atomics are a clock of nanoseconds, a way to block without using CPU time, and a bridge between
// threads.
// Invariant: there is neither, also not by way of another object.

export default function () {
  const shared = new SharedArrayBuffer(8);
  return Atomics.wait(new Int32Array(shared), 0, 0, 1);
}
