// Attacks by errors and their stacks.

import { type Attack, burns, canary, loot } from "../attack.ts";
import { NO_HOST_OBJECT } from "./realm.ts";

export const ERRORS: readonly Attack[] = [
  {
    id: "A15",
    file: "prepare-stack-trace",
    title: "Spell stacks oneself",
    class: "errors",
    defence: {
      kind: "specific",
      what: "Error.prepareStackTrace is a property that cannot be set or redefined; V8 finds none.",
    },
    expected: "nothing",
    without: {
      how: "With the property left as V8 has it",
      replace: [
        {
          file: "src/enclosure/guest/hardening.ts",
          find: 'defineProperty(NativeError, "prepareStackTrace", {',
          replace: 'defineProperty({}, "prepareStackTrace", {',
        },
      ],
      shows: loot("the agent holds the call sites, of the prelude's functions too"),
    },
  },
  {
    id: "A16",
    file: "prepare-stack-trace-late",
    title: "Spell stacks later",
    class: "errors",
    defence: {
      kind: "specific",
      what: "Error.prepareStackTrace is a property of Error itself, locked before the first error is made, so that none is inherited.",
    },
    expected: "nothing",
    without: {
      how: "With the property left as V8 has it",
      replace: [
        {
          file: "src/enclosure/guest/hardening.ts",
          find: 'defineProperty(NativeError, "prepareStackTrace", {',
          replace: 'defineProperty({}, "prepareStackTrace", {',
        },
      ],
      shows: loot("the agent holds the call sites"),
    },
  },
  {
    id: "A17",
    file: "stack-paths",
    title: "Read paths in stacks",
    class: "errors",
    defence: {
      kind: "structural",
      what: "No host code runs in the isolate, so no frame of a stack is the host's; what the desk throws crosses as name, code and message.",
    },
    expected: "nothing",
    without: {
      how: "In a node:vm context with a few host objects",
      standIn: "node-vm",
      shows: loot("the agent reads a path of the host's"),
    },
  },
  {
    id: "A18",
    file: "host-error-stack",
    title: "Make a host function throw",
    class: "errors",
    defence: {
      kind: "structural",
      what: "Nothing that the agent calls is the host's function; the one that posts text never throws.",
    },
    expected: "nothing",
    without: {
      how: "In an isolate within the host's process, by the usual recipe",
      standIn: "plain-isolate",
      shows: loot("the agent reads a path of the host's"),
    },
  },
  {
    id: "A19",
    file: "stack-overflow",
    title: "Throw with the stack full",
    class: "errors",
    defence: {
      kind: "structural",
      what: "The guest process's own stack is larger than the agent's, so that what is posted finds room however deep the agent stands.",
    },
    expected: "nothing",
    without: {
      how: "With an agent's stack larger than the process's",
      replace: [
        {
          file: "src/enclosure/child.ts",
          find: "const AGENT_STACK_KIB = 984;",
          replace: "const AGENT_STACK_KIB = 1600;",
        },
      ],
      shows: {
        what: "the stack overflows in the middle of the other side's work, and the guest process is lost",
        seen: ({ result }) => result?.status === "crashed",
      },
    },
  },
  {
    id: "A20",
    file: "thrown-host-error",
    title: "Climb by an error of the host's",
    class: "errors",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A21",
    file: "suppressed-error",
    title: "Errors within errors",
    class: "errors",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A22",
    file: "hostile-throw",
    title: "Throw what cannot be read",
    class: "errors",
    defence: {
      kind: "specific",
      what: "Each property of what was thrown is read within a catch of its own, in the guest, and crosses as text.",
    },
    expected: "nothing",
    without: {
      how: "With a property read outside of the catch",
      replace: [
        {
          file: "src/enclosure/guest/errors.ts",
          find: "charsMax: number): string | undefined {\n  try {",
          replace:
            "charsMax: number): string | undefined {\n  void (object as Record<string, unknown>)[name];\n  try {",
        },
      ],
      shows: {
        what: "the getter's throw goes through the prelude, and the agent's failure is lost",
        seen: ({ result }) => result?.status === "stalled",
      },
    },
  },
  {
    id: "A23",
    file: "huge-error",
    title: "An error as long as a string can be",
    class: "errors",
    defence: {
      kind: "specific",
      what: "Message and stack are cut in the guest before they are spelled, and the host bounds the frame.",
    },
    expected: "nothing",
    without: {
      how: "With nothing cut in the guest",
      replace: [
        {
          file: "src/enclosure/guest/errors.ts",
          find: "return toWellFormed(slice(text, 0, charsMax));",
          replace: "return charsMax > 0 ? toWellFormed(text) : text;",
        },
      ],
      shows: {
        what: "the guest sends it whole, and only the host's bound on frames is left to end the session",
        seen: ({ result }) => result?.error?.code === "GUEST_PROTOCOL",
      },
    },
  },
  {
    id: "A24",
    file: "endless-getter",
    title: "A getter that never ends",
    class: "errors",
    defence: {
      kind: "structural",
      what: "Errors are read inside the isolate, within the turn, and the process is watched from outside.",
    },
    limits: { cpu: "500ms" },
    expected: { limit: "cpu" },
    without: {
      how: "In an isolate within the host's process, by the usual recipe",
      standIn: "plain-isolate",
      shows: burns(3000),
    },
  },
  {
    id: "A25",
    file: "callers",
    title: "Ask who called",
    class: "errors",
    defence: {
      kind: "structural",
      what: "The prelude is in strict mode, whose functions have no caller and no arguments to tell.",
    },
    expected: "nothing",
    without: {
      how: "With a timer's callback called from a function in sloppy mode",
      replace: [
        {
          file: "src/enclosure/guest/timers.ts",
          find: "const settled = NativePromise.resolve();",
          replace:
            'const settled = NativePromise.resolve();\nconst sloppy = Function("fn", "self", "args", "bridge", "return fn.apply(self, args)") as (...given: unknown[]) => unknown;',
        },
        {
          file: "src/enclosure/guest/timers.ts",
          find: "apply(callback, global, args);",
          replace: "sloppy(callback, global, args, bridge);",
        },
      ],
      shows: loot("the agent holds the prelude's bridge"),
    },
  },
  {
    id: "A26",
    file: "frozen-error",
    title: "Freeze Error",
    class: "errors",
    defence: { kind: "specific", what: "The limit is set by Reflect.set, which fails without an error." },
    expected: "nothing",
    without: {
      how: "With the limit set by an assignment",
      replace: [
        {
          file: "src/enclosure/guest/intrinsics.ts",
          find: 'setProperty(NativeError, "stackTraceLimit", frames);',
          replace: "NativeError.stackTraceLimit = frames;",
        },
      ],
      shows: loot("no call can be made any more"),
    },
  },
];
