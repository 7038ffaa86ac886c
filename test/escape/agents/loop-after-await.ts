// A script's time-out bounds the script. What goes on after an `await` is entered anew, by whoever settles the promise.
// Invariant: every entry into the isolate is bounded, and so is the process.
import { desk } from "enclosure:caps";

export default async function () {
  await desk.echo({});
  for (;;);
}
