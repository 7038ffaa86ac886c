// Carries out the decisions of one recorded run, in their order: says what was said as notes, and calls the tools that
// were called with the arguments of then. A refused call is passed over, as an agent would that is told so and goes on.

import { airline, note } from "enclosure:caps";

type Tool = keyof typeof airline;
type Step = { say: string } | { tool: Tool; args: never };

export default async function main({ steps }: { steps: Step[] }) {
  let called = 0;
  let refused = 0;
  for (const step of steps) {
    if ("say" in step) {
      note(step.say);
      continue;
    }
    called++;
    try {
      await airline[step.tool](step.args);
    } catch (error) {
      if ((error as Error).name !== "CapabilityDenied") throw error;
      refused++;
    }
  }
  return { called, refused };
}
