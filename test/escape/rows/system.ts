// Attacks by code that has got past Node's permissions, against what the operating system holds.

import { type Attack, canary, type Expected, HOST_DIES, OUTLIVES, swells } from "../attack.ts";
import { alsoGiven, BARE, PAST_NODE } from "../given.ts";

/** The filter kills it: the attempt stands in the record. */
export const FATAL_CALL: Expected = { ends: "crashed", code: "GUEST_CRASHED", saying: "died of SIGSYS" };

const WITHOUT_WALLS = { how: "Without the system's walls", replace: BARE } as const;

const OWN_ROOT =
  "bubblewrap: a mount namespace with a root that holds Node, its libraries, the guest's program and the addon.";
const NO_SOCKET = "seccomp kills who makes a socket; bubblewrap's network namespace is empty.";
const NO_PROCESS = "seccomp: no call makes another process.";
const NO_SIGNAL = "seccomp kills who signals; bubblewrap's process namespace shows no other process.";

export const SYSTEM: readonly Attack[] = [
  {
    id: "A103",
    file: "system-files",
    title: "Read files, past Node",
    class: "system",
    defence: { kind: "structural", what: OWN_ROOT },
    given: PAST_NODE,
    expected: "nothing",
    without: { ...WITHOUT_WALLS, shows: canary("parent") },
  },
  {
    id: "A104",
    file: "system-environment",
    title: "Read the host's environment from /proc",
    class: "system",
    defence: { kind: "structural", what: "bubblewrap: no /proc, and a process namespace that shows no other process." },
    given: PAST_NODE,
    expected: "nothing",
    without: { ...WITHOUT_WALLS, shows: canary("environment") },
  },
  {
    id: "A105",
    file: "system-network",
    title: "Connect to the loopback",
    class: "system",
    defence: { kind: "structural", what: NO_SOCKET },
    given: PAST_NODE,
    expected: FATAL_CALL,
    without: {
      ...WITHOUT_WALLS,
      shows: { what: "the server on the loopback is reached", seen: ({ heard }) => heard > 0 },
    },
  },
  {
    id: "A106",
    file: "system-programs",
    title: "Start a program, past Node",
    class: "system",
    defence: { kind: "structural", what: NO_PROCESS },
    given: PAST_NODE,
    expected: FATAL_CALL,
    without: { ...WITHOUT_WALLS, shows: canary("parent") },
  },
  {
    id: "A107",
    file: "system-signals",
    title: "Kill the host, past Node",
    class: "system",
    defence: { kind: "structural", what: NO_SIGNAL },
    given: PAST_NODE,
    expected: FATAL_CALL,
    without: { ...WITHOUT_WALLS, shows: HOST_DIES },
  },
  {
    id: "A108",
    file: "system-inspector",
    title: "Open a willing host's inspector",
    class: "system",
    defence: { kind: "structural", what: NO_SIGNAL },
    given: alsoGiven(PAST_NODE, "The host does not listen to the signal itself.", {
      file: "bin/enclosure.js",
      find: 'process.on("SIGUSR1", () => {});',
      replace: "",
    }),
    expected: FATAL_CALL,
    without: {
      ...WITHOUT_WALLS,
      shows: {
        what: "the host opens its inspector", // Where something else has the port, it says so.
        seen: ({ stderr }) => /^(?:Debugger listening|Starting inspector)/m.test(stderr),
      },
    },
  },
  {
    id: "A109",
    file: "system-writes",
    title: "Leave a file behind",
    class: "system",
    defence: { kind: "structural", what: "bubblewrap: every mount of the root is read-only, the root itself too." },
    given: PAST_NODE,
    expected: "nothing",
    without: {
      ...WITHOUT_WALLS,
      shows: { what: "a file is left", seen: ({ loot }) => String(loot).endsWith("has left") },
    },
  },
  {
    id: "A110",
    file: "system-orphan",
    title: "Leave a process behind",
    class: "system",
    defence: { kind: "structural", what: `${NO_PROCESS} What there is ends with its process namespace.` },
    given: PAST_NODE,
    expected: "nothing",
    without: { ...WITHOUT_WALLS, shows: OUTLIVES },
  },
  {
    id: "A111",
    file: "system-survivor",
    title: "Run on when the host is dead",
    class: "system",
    defence: {
      kind: "structural",
      what: "bubblewrap and what is in it are killed by the kernel when their parent dies.",
    },
    killHost: ({ cpuMs }) => cpuMs > 3000,
    given: PAST_NODE,
    expected: "gone",
    without: { ...WITHOUT_WALLS, shows: OUTLIVES },
  },
  {
    id: "A112",
    file: "system-descriptors",
    title: "Read what the host had open",
    class: "system",
    defence: {
      kind: "specific",
      what: "The guest's program closes them before anything else, and a guest that still has a file is not used.",
    },
    handed: "../canary.txt",
    given: PAST_NODE,
    expected: "nothing",
    without: {
      how: "With neither done",
      replace: [
        { file: "src/enclosure/child.ts", find: "inherited.forEach(closeInherited);\n", replace: "" },
        { file: "src/enclosure/launch.ts", find: "const stray = strayDescriptors(pid);", replace: "const stray = [];" },
      ],
      shows: canary("parent"),
    },
  },
  {
    id: "A113",
    file: "system-workers",
    title: "Fill memory from threads",
    class: "system",
    defence: { kind: "structural", what: "A watchdog in the host reads the process's resident memory and kills it." },
    limits: { memory: "48MiB" },
    given: PAST_NODE,
    expected: { limit: "memory" },
    without: {
      how: "With the process's memory not looked at",
      replace: [{ file: "src/enclosure/watchdog.ts", find: "if (memory > memoryBytes)", replace: "if (memory < 0)" }],
      shows: swells(450),
    },
  },
];
