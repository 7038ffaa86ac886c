// Stacks tell where things lie: the host's folders, its user's name, the versions of what it is made of.
// Invariant: a stack in the guest has no frame of the host's.
import { desk } from "enclosure:caps";

export default async function () {
  const stacks = [];
  const hear = (error) => stacks.push(`${error.stack}`, `${error.message}`);
  const deeds = [
    () => desk.fail({}),
    () => desk.get(() => {}),
    () => fetch("https://example.com/"),
    () => structuredClone(() => {}),
    () => new URL("none"),
    () => null.x,
    () => JSON.parse("{"),
    () => desk.get({ toJSON: () => hear(new Error("from within")) }),
    () => new Promise((resolve) => setTimeout(() => resolve(hear(new Error("timer"))), 1)),
  ];
  for (const deed of deeds) {
    try {
      await deed();
    } catch (error) {
      hear(error);
    }
  }
  const found = /(?:file:|node:)\S+|\/[\w.-]+\/[\w./-]+\.[cm]?[jt]s\b/.exec(stacks.join("\n"));
  return found?.[0];
}
