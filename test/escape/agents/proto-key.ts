// JSON.parse makes `__proto__` an own member, and whoever then copies or merges the value sets a prototype: the desk
// takes an argument without a member `admin` for one that has it.
// Invariant: no `__proto__` key crosses.
import { desk } from "enclosure:caps";

export default async function () {
  const { vault } = await desk.get(JSON.parse('{ "__proto__": { "admin": true } }'));
  return vault;
}
