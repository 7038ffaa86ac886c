// A bigint of a million digits is a short program and a text that takes long to read: longer than in proportion, on the
// thread of the host that decides on all calls.
// Invariant: how long a bigint may be is bounded before one is made of its text.
import { desk } from "enclosure:caps";

export default async function () {
  const { huge } = await desk.echo({ huge: 10n ** 20_000n });
  if (typeof huge === "bigint") return "20,000 digits were read";
}
