// A value nested some thousand deep is small, and every reader of it that recurses may run out of stack: validators,
// spellers, viewers.
// Invariant: nothing nested deeper than the bound crosses.
import { desk } from "enclosure:caps";

export default async function () {
  let value = {};
  for (let i = 0; i < 500; i++) value = { value };
  await desk.echo(value);
  return "500 levels were let through";
}
