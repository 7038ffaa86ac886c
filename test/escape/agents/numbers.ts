// JSON has no NaN, no Infinity and no -0, and what it writes for them is another value: a rule reads one, the desk gets
// another.
// Invariant: every number arrives as it was sent.
import { desk } from "enclosure:caps";

export default async function () {
  for (const number of [-0, NaN, Infinity, -Infinity, 2 ** 53 + 2, 5e-324, 1e308]) {
    const { got } = await desk.echo({ got: number });
    if (!Object.is(got, number)) return `${number} arrived as ${got}`;
  }
}
