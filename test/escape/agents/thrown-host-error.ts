// What an asynchronous host function rejects with is an error of the host's, unless someone sanitises it: vm2's sanitiser
// was passed by again and again.
// Invariant: every error that the agent catches is of its own realm.
import { desk } from "enclosure:caps";

export default async function () {
  try {
    await desk.fail({});
  } catch (error) {
    return error.constructor.constructor("return globalThis.process?.env.CANARY")();
  }
}
