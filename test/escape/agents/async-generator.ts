// A generator that yields a host's promise awaits it inside, and what that rejects with is caught within the generator,
// behind every wrapper around calls.
// Invariant: every error that the agent catches is of its own realm, wherever it catches it.
import { desk } from "enclosure:caps";

export default async function () {
  async function* walk() {
    try {
      yield desk.fail({});
    } catch (error) {
      yield error.constructor.constructor("return globalThis.process?.env.CANARY")();
    }
  }
  for await (const got of walk()) return got;
}
