// Lines without an end: each becomes a record.
// Invariant: what an agent may say is bounded.

export default async function () {
  for (let i = 0; i < 3000; i++) console.log(`line ${i}`);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
