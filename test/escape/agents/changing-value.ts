// A getter that gives another value each time: a small amount to who checks it, a large one to who pays it.
// Invariant: rule, record and desk read one value, which was fixed before any of them saw it.
import { desk } from "enclosure:caps";

export default async function () {
  let reads = 0;
  const { paid } = await desk.pay({
    get cents() {
      return reads++ === 0 ? 1 : 1_000_000;
    },
  });
  if (paid > 100) return `paid ${paid}`;
}
