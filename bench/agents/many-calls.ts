// An agent that makes many calls, some at a time.
import { desk } from "enclosure:caps";

export default async function main({ calls, inFlight }: { calls: number; inFlight: number }) {
  let left = calls;
  const work = async () => {
    while (left-- > 0) await desk.greet({ name: "bench" });
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return { calls };
}
