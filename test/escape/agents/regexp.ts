// A regular expression that backtracks for ever, after an `await`.
// Invariant: whatever runs in the guest is bounded from outside.

export default async function () {
  await null;
  return /(a+)+b/.test("a".repeat(60)) ? undefined : undefined;
}
