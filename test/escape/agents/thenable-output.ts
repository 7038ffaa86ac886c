// Whoever awaits what the agent returns calls its `then`, with functions of his own.
// Invariant: the agent's output is awaited in the guest, and the host gets its text.

export default () => ({
  then(resolve) {
    resolve(resolve.constructor("return globalThis.process?.env.CANARY")());
  },
});
