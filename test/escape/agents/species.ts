// `then` asks a promise's constructor for the species of the next one, and hands its executor to it. On a host's promise,
// the agent's species is handed what the host would have sanitised.
// Invariant: no promise of the host's is in reach, nor a rejection that the guest has not made.
import { desk } from "enclosure:caps";

export default async function () {
  let loot;
  const promise = desk.fail({});
  promise.constructor = {
    [Symbol.species]: function (executor) {
      executor(
        () => {},
        (error) => {
          loot = error.constructor.constructor("return globalThis.process?.env.CANARY")();
        },
      );
    },
  };
  promise.then();
  await new Promise((resolve) => setTimeout(resolve, 5));
  return loot;
}
