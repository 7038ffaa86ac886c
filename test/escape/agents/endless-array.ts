// A Proxy says that it is an array of 2^53 items, and has each of them.
// Invariant: how much of a value is looked at is bounded.
import { desk } from "enclosure:caps";

export default async function () {
  const endless = new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 53 - 1 : 1) });
  await desk.echo({ endless });
}
