// Memory that grows until V8 gives up, and takes its process along.
// Invariant: what dies of it is a process of the session's own, and the record says why.

export default function () {
  const kept = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, i) => ({ i })));
}
