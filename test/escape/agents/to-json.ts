// JSON.stringify asks every object for toJSON, and Object.prototype can have one: it sees each frame that is posted, and
// says what stands in it.
// Invariant: what is posted is spelled from own members alone.
import { desk } from "enclosure:caps";

export default async function () {
  let taken;
  Object.prototype.toJSON = function () {
    if (this.type === "call") taken = { ...this };
    return this;
  };
  await desk.echo({ a: 1 }).catch(() => {});
  delete Object.prototype.toJSON;
  return taken;
}
