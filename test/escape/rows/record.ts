// Attacks on the record and on those who read it.

import { type Attack } from "../attack.ts";

export const RECORD: readonly Attack[] = [
  {
    id: "A71",
    file: "terminal-commands",
    title: "Commands of the terminal",
    class: "record",
    defence: {
      kind: "specific",
      what: "Nothing from outside is printed but through one function, which spells out what cannot be seen.",
    },
    expected: "nothing",
    without: {
      how: "With texts printed as they are",
      replace: [{ file: "src/cli/visible.ts", find: "return text.replace(HIDDEN, spelled);", replace: "return text;" }],
      shows: { what: "the terminal is told to clear the screen", seen: ({ stderr }) => stderr.includes("\u001b[2J") },
    },
  },
  {
    id: "A72",
    file: "forged-lines",
    title: "Lines that look like the product's",
    class: "record",
    defence: { kind: "specific", what: "A line break in a text is spelled out." },
    expected: "nothing",
    without: {
      how: "With texts printed as they are",
      replace: [{ file: "src/cli/visible.ts", find: "return text.replace(HIDDEN, spelled);", replace: "return text;" }],
      shows: {
        what: "a line stands there that the product has not said",
        seen: ({ stderr }) => /^✓  99 /m.test(stderr),
      },
    },
  },
  {
    id: "A73",
    file: "forged-failure",
    title: "A failure in the product's words",
    class: "record",
    defence: {
      kind: "specific",
      what: "The prelude knows its own failures by a private field, which no other object has.",
    },
    expected: "nothing",
    without: {
      how: "With `instanceof` asked",
      replace: [
        {
          file: "src/enclosure/guest/errors.ts",
          find: "return #own in thrown && thrown.#own;",
          replace: "return thrown instanceof AgentFailure;",
        },
      ],
      shows: {
        what: "the record says that the output was refused",
        seen: ({ result }) => result?.error?.code === "OUTPUT_INVALID",
      },
    },
  },
  {
    id: "A74",
    file: "forged-denial",
    title: "A refusal that never was",
    class: "record",
    defence: { kind: "specific", what: "The host compares with the codes of the calls that it has denied." },
    expected: "nothing",
    without: {
      how: "With the agent believed",
      replace: [
        {
          file: "src/session/judge.ts",
          find: "[...deniedCodes].find((one) => one === code)",
          replace: "(code as never)",
        },
      ],
      shows: { what: "the session is recorded as denied", seen: ({ result }) => result?.status === "denied" },
    },
  },
];
