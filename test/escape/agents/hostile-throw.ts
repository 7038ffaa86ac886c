// What the agent throws is read by somebody: its name, its message, its stack. Each may be a getter that throws, on an
// object that is no error and has no prototype.
// Invariant: whatever is thrown, the session ends as a failure of the agent's, and the host is none the worse.

export default function () {
  const thrown = Object.create(null);
  for (const name of ["name", "message", "code", "stack", "cause", "toString"]) {
    Object.defineProperty(thrown, name, {
      get() {
        throw new Proxy(
          {},
          {
            getPrototypeOf() {
              throw 1;
            },
            get() {
              throw 2;
            },
          },
        );
      },
    });
  }
  throw thrown;
}
