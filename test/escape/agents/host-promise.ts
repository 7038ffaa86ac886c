// An asynchronous host function answers with the host's own promise, whose constructor is the host's.
// Invariant: a capability's promise is made in the guest, by the guest's own Promise.
import { desk } from "enclosure:caps";

export default async function () {
  const promise = desk.get({ id: 1 });
  await promise;
  if (promise instanceof Promise && Object.getPrototypeOf(promise) === Promise.prototype) return;
  return promise.constructor.constructor("return process.env.CANARY")();
}
