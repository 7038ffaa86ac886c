// A getter of a thrown error runs when somebody reads it. Where the host copies the error, that is after the script's
// time-out has been called off.
// Invariant: no code of the agent's runs where nothing bounds it.

export default function () {
  throw Object.defineProperty(new Error(), "message", {
    get() {
      for (;;);
    },
  });
}
