// An error's message may be as long as a string can be, and is copied on its way out at several bytes a character.
// Invariant: nothing of an error leaves the guest but its first characters.

export default function () {
  throw new Error("x".repeat(2 ** 23));
}
