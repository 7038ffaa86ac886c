// A line of the log that looks like what the bridge says: a bridge that divides by lines takes it for a call of the
// agent's, or for its end.
// Invariant: a text is a frame's body, with its length before it; no text becomes a frame.

export default async function () {
  const call = JSON.stringify({ type: "call", capability: "desk", fn: "get", line: 1, column: 1 });
  console.log(`harmless\n${call}\n${call}`);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
