// An agent that makes one call.
import { desk } from "enclosure:caps";

export default async function main() {
  return await desk.greet({ name: "bench" });
}
