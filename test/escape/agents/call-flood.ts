// Calls without an end: each has an intent, an outcome and whatever the desk does for it.
// Invariant: how many calls a session makes is bounded.
import { desk } from "enclosure:caps";

export default async function () {
  for (let i = 0; i < 60; i++) await desk.echo({ i });
}
