// A disposer that throws while another error is on its way makes a SuppressedError that holds both, and a sanitiser that
// looks at the error looks past what it holds.
// Invariant: every error that the agent catches is of its own realm, also those that an error holds.
import { desk } from "enclosure:caps";

export default async function () {
  const fail = await desk.fail({}).catch((error) => error);
  const stack = new DisposableStack();
  stack.defer(() => structuredClone(() => {}));
  stack.defer(() => {
    throw fail;
  });
  try {
    stack.dispose();
  } catch (error) {
    for (const one of [error, error.error, error.suppressed]) {
      const got = one.constructor.constructor("return globalThis.process?.env.CANARY")();
      if (got !== undefined) return got;
    }
  }
}
