// A lone surrogate has no UTF-8 form: two different texts become the same bytes, and two calls have one digest.
// Invariant: no text with a lone surrogate crosses.
import { desk } from "enclosure:caps";

export default async function () {
  const got = [];
  for (const text of ["pay a\ud800", "pay a\udfff"]) {
    const { said } = await desk.echo({ said: text });
    got.push(said.length);
  }
  return got;
}
