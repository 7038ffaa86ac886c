// What the agent puts on the prototypes of a shared realm, the host's own objects inherit: the desk takes an argument
// without a member `admin` for one that has it.
// Invariant: host and agent share no prototype.
import { desk } from "enclosure:caps";

export default async function () {
  Object.prototype.admin = true;
  const { vault } = await desk.get({});
  return vault;
}
