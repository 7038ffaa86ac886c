// Attacks by machine code in the guest process, whose attacker makes what system calls he likes.

import { type Attack, burns, canary, HOST_DIES, loot, OUTLIVES } from "../attack.ts";
import { allowing, alsoGiven, BARE, MACHINE, NO_FILTER } from "../given.ts";
import type { Replacement } from "../weaken.ts";
import { FATAL_CALL } from "./system.ts";

const KILLS = "seccomp: the call is among those that no guest has a reason for, and kills the process.";
const FILTER = "src/enclosure/seccomp.ts";

/** A call's argument is let through that is not. */
function widened(find: string, replace: string): readonly Replacement[] {
  return [{ file: FILTER, find, replace }];
}

const OF_FCNTL = "[72, 1, [1, 2, 3, 4, 1030]],";

export const MACHINE_CODE: readonly Attack[] = [
  {
    id: "A114",
    file: "socket",
    title: "A socket",
    class: "machine",
    defence: { kind: "specific", what: KILLS },
    given: MACHINE,
    expected: FATAL_CALL,
    without: {
      how: "With the call let through",
      replace: [allowing({ socket: 41, connect: 42 })],
      shows: loot("the process has a socket"),
    },
  },
  {
    id: "A115",
    file: "socket-without-filter",
    title: "A connection, without the filter",
    class: "machine",
    defence: { kind: "structural", what: "bubblewrap: a network namespace in which there is nothing." },
    given: alsoGiven(MACHINE, "No filter of system calls is there.", ...NO_FILTER),
    expected: "nothing",
    without: {
      how: "Without the system's walls",
      replace: BARE,
      shows: { what: "the server on the loopback is reached", seen: ({ heard }) => heard > 0 },
    },
  },
  {
    id: "A116",
    file: "fork",
    title: "fork",
    class: "machine",
    defence: { kind: "specific", what: KILLS },
    given: MACHINE,
    expected: FATAL_CALL,
    without: {
      how: "With the call let through",
      replace: [allowing({ fork: 57 })],
      shows: loot("there is another process"),
    },
  },
  {
    id: "A117",
    file: "clone",
    title: "clone, not of a thread",
    class: "machine",
    defence: { kind: "specific", what: "seccomp: the call is refused without the flag that makes a thread." },
    given: MACHINE,
    expected: "nothing",
    without: {
      how: "With the flag not looked at",
      replace: [allowing({ clone: 56 })],
      shows: loot("there is another process"),
    },
  },
  {
    id: "A118",
    file: "ptrace",
    title: "ptrace",
    class: "machine",
    defence: { kind: "specific", what: KILLS },
    given: MACHINE,
    expected: FATAL_CALL,
    without: { how: "With the call let through", replace: [allowing({ ptrace: 101 })], shows: loot("it is traced") },
  },
  {
    id: "A119",
    file: "memory-of-others",
    title: "process_vm_readv",
    class: "machine",
    defence: { kind: "specific", what: KILLS },
    given: MACHINE,
    expected: FATAL_CALL,
    without: {
      how: "With the call let through",
      replace: [allowing({ process_vm_readv: 310 })],
      shows: loot("memory is read by a process's number"),
    },
  },
  {
    id: "A120",
    file: "kill-parent",
    title: "kill",
    class: "machine",
    defence: { kind: "structural", what: "seccomp kills who signals; bubblewrap's process namespace shows no other." },
    given: MACHINE,
    expected: FATAL_CALL,
    without: { how: "Without the system's walls", replace: BARE, shows: HOST_DIES },
  },
  {
    id: "A121",
    file: "mount",
    title: "unshare and mount",
    class: "machine",
    defence: { kind: "specific", what: KILLS },
    given: MACHINE,
    expected: FATAL_CALL,
    without: {
      how: "With the calls let through, and clone and wait4",
      replace: [allowing({ clone: 56, wait4: 61, mount: 165, unshare: 272 })],
      shows: loot("a file system is mounted"),
    },
  },
  {
    id: "A122",
    file: "io-uring",
    title: "io_uring",
    class: "machine",
    defence: { kind: "structural", what: "seccomp: a call that is not listed does not exist." },
    given: MACHINE,
    expected: "nothing",
    without: {
      how: "With the call listed",
      replace: [allowing({ io_uring_setup: 425 })],
      shows: loot("the process has a ring"),
    },
  },
  {
    id: "A123",
    file: "files",
    title: "open",
    class: "machine",
    defence: { kind: "structural", what: "bubblewrap: a root that holds a dozen public files." },
    given: MACHINE,
    expected: "nothing",
    without: { how: "Without the system's walls", replace: BARE, shows: canary("parent") },
  },
  {
    id: "A124",
    file: "shared-memory",
    title: "Memory to share",
    class: "machine",
    defence: { kind: "specific", what: "seccomp: memory to share is refused." },
    limits: { memory: "64MiB" },
    given: MACHINE,
    expected: "nothing",
    without: {
      how: "With that not looked at",
      replace: widened(
        "...onCall(MMAP, load(argument(3)), unless(IF_BIT, MAP_SHARED, 1), REFUSE, give(ALLOW)),",
        "...onCall(MMAP, give(ALLOW)),",
      ),
      shows: loot("thrice the limit is held, and none of it counted"),
    },
  },
  {
    id: "A125",
    file: "page-tables",
    title: "Tables without pages",
    class: "machine",
    defence: { kind: "specific", what: "rlimits: an address space of 24 GiB." },
    given: MACHINE,
    expected: "nothing",
    without: {
      how: "Without that bound",
      replace: [
        {
          file: "src/enclosure/os-walls.ts",
          find: '  { option: "v", unit: KiB, name: "Max address space", max: 24 * GiB },\n',
          replace: "",
        },
      ],
      shows: loot("more than that is mapped, and tables are made for all of it"),
    },
  },
  {
    id: "A126",
    file: "headless",
    title: "End the first thread, and go on",
    class: "machine",
    defence: { kind: "specific", what: "The watchdog kills a process whose first thread has ended." },
    given: MACHINE,
    expected: { ends: "crashed", code: "GUEST_CRASHED", saying: "its first thread ended and others ran on" },
    without: {
      how: "With that not looked at",
      replace: [
        {
          file: "src/enclosure/watchdog.ts",
          find: "if (now - one.whole > HEADLESS_MS_MAX)",
          replace: "if (one.whole > now)",
        },
      ],
      shows: burns(6000),
    },
  },
  {
    id: "A127",
    file: "threads",
    title: "Three hundred threads",
    class: "machine",
    defence: { kind: "specific", what: "The watchdog kills a process of more than 64 threads." },
    given: MACHINE,
    expected: { ends: "crashed", code: "GUEST_CRASHED", saying: "threads" },
    without: {
      how: "With them not counted",
      replace: [
        { file: "src/enclosure/watchdog.ts", find: "return threads > THREADS_MAX ?", replace: "return threads < 0 ?" },
      ],
      shows: loot("it has three hundred threads"),
    },
  },
  {
    id: "A128",
    file: "fcntl",
    title: "Leases, pipes and owners",
    class: "machine",
    defence: { kind: "specific", what: "seccomp: five commands of fcntl are let through." },
    given: MACHINE,
    expected: "nothing",
    without: {
      how: "With three more",
      replace: widened(OF_FCNTL, "[72, 1, [1, 2, 3, 4, 1030, 8, 1024, 1031]],"),
      shows: {
        what: "it has all three",
        seen: ({ loot: got }) => got === "got: a lease a large pipe an owner ",
      },
    },
  },
  {
    id: "A129",
    file: "parent-death",
    title: "Ask to outlive the host",
    class: "machine",
    defence: { kind: "specific", what: "seccomp: prctl names threads and memory, and does nothing else." },
    killHost: ({ cpuMs }) => cpuMs > 3000,
    given: MACHINE,
    expected: "gone",
    without: {
      how: "With that command let through",
      replace: widened("[157, 0, [15, 0x53564d41]],", "[157, 0, [1, 15, 0x53564d41]],"),
      shows: OUTLIVES,
    },
  },
  {
    id: "A130",
    file: "false-words",
    title: "The engine's last words",
    class: "machine",
    defence: { kind: "specific", what: "Words count only with a signal by which the engine gives up." },
    given: MACHINE,
    expected: FATAL_CALL,
    without: {
      how: "With words that count alone",
      replace: [{ file: "src/enclosure/crash.ts", find: "GIVING_UP.has(signal) && ", replace: "" }],
      shows: {
        what: "the session is on record as over its limit of memory",
        seen: ({ result }) => result?.limit?.name === "memory",
      },
    },
  },
  {
    id: "A131",
    file: "false-status",
    title: "The status of a limit",
    class: "machine",
    defence: { kind: "specific", what: "A limit that nobody measured is recorded as the guest's claim." },
    given: MACHINE,
    expected: { limit: "memory" },
    without: {
      how: "With the claim not marked as one",
      replace: [
        {
          file: "src/enclosure/crash.ts",
          find: "used: memoryBytes, max: memoryBytes, claimed: true }",
          replace: "used: memoryBytes, max: memoryBytes }",
        },
      ],
      shows: {
        what: "it is on record as observed",
        seen: ({ record }) =>
          record.some(({ type, text }) => type === "limit.struck" && text.includes('"evidence":"observed"')),
      },
    },
  },
];
