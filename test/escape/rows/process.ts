// Attacks by code that has got out of the isolate, into the guest process.

import { type Attack, canary, HOST_DIES, loot } from "../attack.ts";
import { ESCAPED, NO_PERMISSIONS } from "../given.ts";

export const PROCESS: readonly Attack[] = [
  {
    id: "A94",
    file: "guest-environment",
    title: "Read the environment",
    class: "process",
    defence: {
      kind: "structural",
      what: "The process is started with two fixed variables, an argument list of its own and no descriptor but its channel.",
    },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "With the host's environment passed on",
      replace: [
        {
          file: "src/enclosure/attempt.ts",
          find: "env: { ...GUEST_ENVIRONMENT, NODE_V8_COVERAGE: undefined },",
          replace: "env: process.env,",
        },
      ],
      shows: canary("environment"),
    },
  },
  {
    id: "A95",
    file: "guest-files",
    title: "Read files",
    class: "process",
    defence: {
      kind: "structural",
      what: "Node's permission model, with every permission dropped before any agent code and the drop tried.",
    },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "Without the permission model",
      replace: NO_PERMISSIONS,
      shows: canary("parent"),
    },
  },
  {
    id: "A96",
    file: "guest-programs",
    title: "Start a program and connect",
    class: "process",
    defence: {
      kind: "structural",
      what: "Node's permission model, with every permission dropped before any agent code and the drop tried.",
    },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "Without the permission model",
      replace: NO_PERMISSIONS,
      shows: canary("loopback"),
    },
  },
  {
    id: "A97",
    file: "guest-signals",
    title: "Kill the host",
    class: "process",
    defence: { kind: "specific", what: "What in `process` acts on processes is taken away before any agent code." },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "With it left in place",
      replace: [
        { file: "src/enclosure/child-realm.ts", find: "for (const name of TAKEN) take(process, name);", replace: "" },
      ],
      shows: HOST_DIES,
    },
  },
  {
    id: "A98",
    file: "guest-inspector",
    title: "Open the host's inspector",
    class: "process",
    defence: {
      kind: "specific",
      what: "What asks for an inspector is taken away, and the host listens to that signal itself.",
    },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "With both left as Node has them",
      replace: [
        { file: "src/enclosure/child-realm.ts", find: "for (const name of TAKEN) take(process, name);", replace: "" },
        { file: "bin/enclosure.js", find: 'process.on("SIGUSR1", () => {});', replace: "" },
      ],
      shows: {
        what: "the host opens its inspector", // Where something else has the port, it says so.
        seen: ({ stderr }) => /^(?:Debugger listening|Starting inspector)/m.test(stderr),
      },
    },
  },
  {
    id: "A99",
    file: "guest-frames",
    title: "Write frames",
    class: "process",
    defence: {
      kind: "structural",
      what: "The broker decides on every call by the manifest; that the guest has no such function is not what it relies on.",
    },
    given: ESCAPED,
    expected: { ends: "crashed", code: "GUEST_PROTOCOL" },
    without: {
      how: "With a broker that takes every function of a granted module for granted",
      replace: [
        {
          file: "src/kinds/module/kind.ts",
          find: ".filter((fn) => rules.allow.some((rule) => namesFunction(rule, fn.name)))",
          replace: "",
        },
        {
          file: "src/kinds/module/decide.ts",
          find: "const granting = naming(rules.allow);",
          replace: "const granting = rules.allow;",
        },
      ],
      shows: canary("memory"),
    },
  },
  {
    id: "A100",
    file: "guest-frame-length",
    title: "A frame of two gigabytes",
    class: "process",
    defence: {
      kind: "specific",
      what: "Lengths are compared with their bounds before anything is allocated or awaited.",
    },
    limits: { wall: "10s" },
    given: ESCAPED,
    expected: { ends: "crashed", code: "GUEST_PROTOCOL" },
    without: {
      how: "With the length of a header not compared",
      replace: [
        {
          file: "src/enclosure/frames.ts",
          find: "if (headerLength < 2 || headerLength > FRAME_HEADER_BYTES_MAX)",
          replace: "if (headerLength < 2)",
        },
      ],
      shows: {
        what: "the host waits for the rest until the wall limit",
        seen: ({ result }) => result?.limit?.name === "wall",
      },
    },
  },
  {
    id: "A101",
    file: "second-entry",
    title: "Load another addon",
    class: "process",
    defence: {
      kind: "specific",
      what: "`process.dlopen` is taken away and the permission for addons is dropped, once the isolate's own addon is loaded.",
    },
    given: ESCAPED,
    expected: "nothing",
    without: {
      how: "With both left in place",
      replace: [{ file: "src/enclosure/child.ts", find: "dropPowers(addonPath);\n", replace: "" }],
      shows: loot("native code of another kind is loaded"),
    },
  },
  {
    id: "A102",
    file: "guest-numbers",
    title: "Two calls under one number",
    class: "process",
    defence: { kind: "specific", what: "The host expects the next number, and nothing else." },
    given: ESCAPED,
    expected: { ends: "crashed", code: "GUEST_PROTOCOL" },
    without: {
      how: "With any number taken",
      replace: [
        {
          file: "src/enclosure/conversation.ts",
          find: "if (id !== this.#calls + 1) throw",
          replace: "if (id < 1) throw",
        },
      ],
      shows: {
        what: "both calls are recorded under one number",
        seen: ({ record }) => record.filter(({ type }) => type === "call.intended").length > 1,
      },
    },
  },
];
