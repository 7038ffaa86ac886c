// A microtask that queues the next one: the script has long ended, no time-out runs, and nothing else ever gets its turn.
// Invariant: whatever runs in the guest is bounded from outside.

export default async function () {
  await null;
  const again = () => void Promise.resolve().then(again);
  again();
  await new Promise(() => {});
}
