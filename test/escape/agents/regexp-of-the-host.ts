// The same in the host: an operator's rule checks an argument by a regular expression, and the agent chooses the argument.
// Invariant: no regular expression runs on the host over what an agent has chosen; a manifest that asks for one is refused.
import { desk } from "enclosure:caps";

export default async function () {
  await desk.get({ id: `${"a".repeat(60)}!` });
}
