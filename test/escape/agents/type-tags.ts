// Values that JSON does not have cross as tagged objects. An object of the agent's that looks like a tag would arrive as
// another value than the agent sent, and than a rule had read.
// Invariant: what arrives is what was sent, whatever it looks like.
import { desk } from "enclosure:caps";

export default async function () {
  const got = await desk.echo({ amount: { $type: "bigint", value: "5" } });
  if (typeof got.amount !== "object") return `an object arrived as a ${typeof got.amount}`;
}
