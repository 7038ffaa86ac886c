// A getter in an argument runs while the call is being spelled, and makes a call itself: the second call overtakes the
// first, and a bridge that numbers calls too early gives each the other's outcome.
// Invariant: a call's number is given when it is posted; an outcome is its own call's.
import { desk } from "enclosure:caps";

export default async function () {
  let inner;
  const outer = desk.echo({
    get who() {
      inner = desk.echo({ who: "inner" });
      return "outer";
    },
  });
  const got = [await outer, await inner].map(({ who }) => who);
  if (got.join() !== "outer,inner") return got;
}
