// What was compiled is kept for the next time. Whoever can write to that folder writes into the next run's program; the
// harness does, between two runs of this agent.
// Invariant: what is kept is used only if its seal holds, under a key that does not lie with it.

export default function () {
  const word = "harmless";
  if (word !== ["harm", "less"].join("")) return "a program ran that nobody has written";
}
