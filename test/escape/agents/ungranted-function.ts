// The host module has more functions than the manifest grants. Many bridges look a name up on the host's object.
// Invariant: a function that is not granted has no name here.
import { desk } from "enclosure:caps";

export default async function () {
  return await desk.reveal();
}
