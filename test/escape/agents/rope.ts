// A string of eight million characters that is made of two: cheap to make, and flattened, copied and encoded by whoever
// takes it, at several times its size.
// Invariant: an argument's length is looked at before anything of it is copied, in the guest and again outside.
import { desk } from "enclosure:caps";

export default async function () {
  const half = "rope".repeat(2 ** 20);
  const { rope } = await desk.echo({ rope: half + half });
  return `${rope.length} characters were taken`;
}
