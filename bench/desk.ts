// The bench's host module: a function that does next to nothing, so that what is measured is the way to it.

import { defineCapability, defineModule } from "agent-enclosure";
import { greet } from "./agents/greet.ts";

export default defineModule(() => [
  defineCapability({
    name: "greet",
    description: "Greets.",
    effect: "read",
    input: {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: { name: { type: "string" } },
    },
    output: { type: "object" },
    run: greet,
  }),
]);
