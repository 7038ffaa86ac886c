// Attacks on the host's time and memory: one of each kind.

import { type Attack, burns, HOST_DIES, loot, swells } from "../attack.ts";

export const RESOURCES: readonly Attack[] = [
  {
    id: "A56",
    file: "cpu-loop",
    title: "Loop",
    class: "resources",
    defence: {
      kind: "structural",
      what: "The watchdog, on a thread of its own, reads the process's CPU time and kills it.",
    },
    limits: { cpu: "300ms" },
    expected: { limit: "cpu" },
    without: {
      how: "With a watchdog that does not look at CPU time",
      replace: [
        {
          file: "src/enclosure/watchdog.ts",
          find: "if (cpu >= cpuMs) return",
          replace: "if (cpu >= cpuMs * 1e6) return",
        },
      ],
      shows: burns(2000),
    },
  },
  {
    id: "A57",
    file: "heap",
    title: "Fill the heap",
    class: "resources",
    defence: {
      kind: "structural",
      what: "The isolate is in a process of its own; what kills that is told from its exit and its last words.",
    },
    limits: { memory: "32MiB" },
    expected: { limit: "memory" },
    without: { how: "In a node:vm context of the host", standIn: "node-vm", shows: HOST_DIES },
  },
  {
    id: "A58",
    file: "buffers",
    title: "Memory outside the heap",
    class: "resources",
    defence: { kind: "structural", what: "The watchdog looks at the resident memory of the whole process." },
    limits: { memory: "64MiB" },
    expected: { limit: "memory", orNothing: true },
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: swells(700) },
  },
  {
    id: "A59",
    file: "wasm-memory",
    title: "WebAssembly",
    class: "resources",
    defence: {
      kind: "structural",
      what: "What is not in the table of permits is deleted before the agent's code; WebAssembly is not in it.",
    },
    expected: "nothing",
    without: {
      how: "With the globals left as V8 makes them",
      replace: [
        { file: "src/enclosure/guest/prelude.ts", find: "removeOthers(globalThis, PERMITTED_GLOBALS);\n", replace: "" },
      ],
      shows: loot("300 MB of memory are had under a limit of 128 MiB"),
    },
  },
  {
    id: "A60",
    file: "shared-memory",
    title: "Shared memory",
    class: "resources",
    defence: {
      kind: "structural",
      what: "What is not in the table of permits is deleted before the agent's code; SharedArrayBuffer and Atomics are not in it.",
    },
    expected: "nothing",
    without: {
      how: "With the globals left as V8 makes them",
      replace: [
        { file: "src/enclosure/guest/prelude.ts", find: "removeOthers(globalThis, PERMITTED_GLOBALS);\n", replace: "" },
      ],
      shows: loot("the agent waits on shared memory"),
    },
  },
  {
    id: "A61",
    file: "garbage-clock",
    title: "See garbage collected",
    class: "resources",
    defence: {
      kind: "structural",
      what: "What is not in the table of permits is deleted before the agent's code; WeakRef and FinalizationRegistry are not in it.",
    },
    expected: "nothing",
    without: {
      how: "With the globals left as V8 makes them",
      replace: [
        { file: "src/enclosure/guest/prelude.ts", find: "removeOthers(globalThis, PERMITTED_GLOBALS);\n", replace: "" },
      ],
      shows: loot("the agent can watch garbage being collected"),
    },
  },
  {
    id: "A62",
    file: "real-clock",
    title: "Find the real clock",
    class: "resources",
    defence: { kind: "specific", what: "Every clock of the language is replaced by the virtual one." },
    expected: "nothing",
    without: {
      how: "With the clock of Intl left as it is",
      replace: [{ file: "src/enclosure/guest/clock.ts", find: "  installIntl(now);\n", replace: "" }],
      shows: loot("the agent reads the real time"),
    },
  },
  {
    id: "A63",
    file: "rope",
    title: "A long argument",
    class: "resources",
    defence: {
      kind: "specific",
      what: "The guest looks at an argument's length before it posts it; the guest process and the host look again.",
    },
    limits: { memory: "256MiB" },
    expected: "nothing",
    without: {
      how: "In an isolate within the host's process, by the usual recipe",
      standIn: "plain-isolate",
      shows: loot("eight million characters are copied to the host"),
    },
  },
  {
    id: "A64",
    file: "log-flood",
    title: "Log without an end",
    class: "resources",
    defence: { kind: "specific", what: "Lines, notes and timers are charged against a limit in the host." },
    limits: { log: "4KiB" },
    expected: { limit: "log" },
    without: {
      how: "With nothing charged",
      replace: [
        {
          file: "src/enclosure/conversation.ts",
          find: "if (this.#logBytes > this.limits.logBytes)",
          replace: "if (this.#logBytes > this.limits.logBytes * 1e6)",
        },
      ],
      shows: { what: "thousands of records are written", seen: ({ record }) => record.length > 2500 },
    },
  },
  {
    id: "A65",
    file: "call-flood",
    title: "Call without an end",
    class: "resources",
    defence: { kind: "specific", what: "The host counts calls by their numbers, which have no gaps." },
    limits: { calls: 20 },
    expected: { limit: "calls" },
    without: {
      how: "With the count not looked at",
      replace: [
        {
          file: "src/session/conduct.ts",
          find: "if (message.id > limits.calls) return",
          replace: "if (message.id > limits.calls * 1e6) return",
        },
      ],
      shows: {
        what: "all calls are performed",
        seen: ({ record }) => record.filter(({ type }) => type === "call.intended").length === 60,
      },
    },
  },
  {
    id: "A66",
    file: "call-burst",
    title: "Call without waiting",
    class: "resources",
    defence: {
      kind: "specific",
      what: "A window bounds the calls in flight, in the guest, in the guest process and in the host.",
    },
    limits: { calls: 5000 },
    expected: "nothing",
    without: {
      how: "With the window not looked at in any of the three",
      replace: [
        {
          file: "src/enclosure/guest/bridge.ts",
          find: 'if (this.#inFlight >= this.#limits.inFlight) return "IN_FLIGHT_EXCEEDED";',
          replace: "",
        },
        {
          file: "src/enclosure/child.ts",
          find: "if (this.#inFlight >= this.#limits.inFlight) return POST_WINDOW_FULL;",
          replace: "",
        },
        {
          file: "src/enclosure/conversation.ts",
          find: "if (this.#open.size >= this.limits.inFlight)",
          replace: "if (this.#open.size >= this.limits.inFlight * 1e6)",
        },
      ],
      shows: loot("more than a hundred calls are in flight at once"),
    },
  },
  {
    id: "A67",
    file: "timer-flood",
    title: "Timers without an end",
    class: "resources",
    defence: { kind: "specific", what: "The host counts the timers that are armed." },
    limits: { timers: 100 },
    expected: { limit: "timers" },
    without: {
      how: "With timers not counted",
      replace: [
        {
          file: "src/enclosure/conversation.ts",
          find: "if (this.#armed.size >= this.limits.timers)",
          replace: "if (this.#armed.size >= this.limits.timers * 1e6)",
        },
      ],
      shows: { what: "the session ends as if nothing were", seen: ({ result }) => result?.status === "completed" },
    },
  },
  {
    id: "A68",
    file: "regexp",
    title: "A regular expression that backtracks",
    class: "resources",
    defence: { kind: "structural", what: "The process is killed from outside." },
    limits: { cpu: "500ms" },
    expected: { limit: "cpu" },
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: burns(3000) },
  },
  {
    id: "A69",
    file: "regexp-of-the-host",
    title: "A regular expression of the host's",
    class: "resources",
    defence: { kind: "structural", what: "Manifests and host modules cannot state one: `pattern` is refused." },
    allow: [{ call: "get", where: { type: "object", properties: { id: { type: "string", pattern: "^(a+)+$" } } } }],
    expected: { refused: "MANIFEST_INVALID" },
    without: {
      how: "In a node:vm context with a few host objects, which checks an argument by a regular expression",
      standIn: "node-vm",
      shows: burns(3000),
    },
  },
  {
    id: "A70",
    file: "native-call",
    title: "One long call",
    class: "resources",
    defence: { kind: "structural", what: "The process is killed from outside; nothing waits for the engine." },
    limits: { cpu: "500ms" },
    expected: { limit: "cpu" },
    without: {
      how: "In an isolate within the host's process, by the usual recipe, whose time-out does not look in between",
      standIn: "plain-isolate",
      shows: burns(3000),
    },
  },
];
