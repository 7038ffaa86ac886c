// A loop without an end.
// Invariant: CPU time is bounded from outside, whatever the agent runs.

export default function () {
  for (;;);
}
