// Attacks on the border between the realms.
import { type Attack, canary, loot } from "../attack.ts";

export const NO_HOST_OBJECT =
  "Nothing but text crosses: no object, function, promise or error of the host's is ever inside the isolate.";
const NO_IVM =
  "The guest gets one function of the child's, which takes text; no Reference, no ExternalCopy, no module enters the isolate.";
const IN_NODE_VM = "In a node:vm context with a few host objects";
const IN_PLAIN_ISOLATE = "In an isolate with references and the module handed in";

export const REALM: readonly Attack[] = [
  {
    id: "A01",
    file: "constructor-climb",
    title: "Climb by constructors",
    class: "realm",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: IN_NODE_VM, standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A02",
    file: "host-promise",
    title: "The host's promise",
    class: "realm",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: IN_NODE_VM, standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A03",
    file: "module-in-reach",
    title: "Look for isolated-vm within",
    class: "realm",
    defence: { kind: "structural", what: NO_IVM },
    expected: "nothing",
    without: {
      how: IN_PLAIN_ISOLATE,
      standIn: "plain-isolate",
      shows: loot("the agent holds an object of isolated-vm"),
    },
  },
  {
    id: "A04",
    file: "reference-members",
    title: "Read a host object through a Reference",
    class: "realm",
    defence: { kind: "structural", what: NO_IVM },
    expected: "nothing",
    without: { how: IN_PLAIN_ISOLATE, standIn: "plain-isolate", shows: canary("memory") },
  },
  {
    id: "A05",
    file: "reference-to-function",
    title: "Write on the host's promise",
    class: "realm",
    defence: { kind: "structural", what: NO_IVM },
    expected: "nothing",
    without: { how: IN_PLAIN_ISOLATE, standIn: "plain-isolate", shows: loot("the agent writes on the host's promise") },
  },
  {
    id: "A06",
    file: "second-isolate",
    title: "Make an isolate of one's own",
    class: "realm",
    defence: { kind: "structural", what: NO_IVM },
    expected: "nothing",
    without: {
      how: IN_PLAIN_ISOLATE,
      standIn: "plain-isolate",
      shows: loot("the agent makes an isolate with a limit of its own"),
    },
  },
  {
    id: "A07",
    file: "ungranted-function",
    title: "Call what was not granted",
    class: "realm",
    defence: {
      kind: "structural",
      what: "Absent twice: the guest has no function of that name, and the broker has no grant to look up.",
    },
    expected: "nothing",
    without: {
      how: "With every function of the module handed out and admitted",
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
    id: "A08",
    file: "function-constructors",
    title: "Compile code in the global scope",
    class: "realm",
    defence: {
      kind: "structural",
      what: "The isolate's global scope is the agent's own; it never held a loader, a process or a file system.",
    },
    expected: "nothing",
    without: {
      how: "In the host's realm with dangerous names shadowed",
      standIn: "same-realm",
      shows: canary("environment"),
    },
  },
  {
    id: "A09",
    file: "import-at-run-time",
    title: "Import at run time",
    class: "realm",
    defence: { kind: "structural", what: "The isolate has no module loader: what is not in the bundle is not there." },
    expected: "nothing",
    without: {
      how: "In the host's realm with dangerous names shadowed",
      standIn: "same-realm",
      shows: canary("parent"),
    },
  },
  {
    id: "A10",
    file: "realm-of-the-web",
    title: "Climb by the web's classes",
    class: "realm",
    defence: { kind: "structural", what: "The web's classes are the prelude's own code, run in the isolate." },
    expected: "nothing",
    without: { how: IN_NODE_VM, standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A11",
    file: "intrinsic-pollution",
    title: "Pollute the host's prototypes",
    class: "realm",
    defence: {
      kind: "structural",
      what: "An isolate has intrinsics of its own; the host never merges what it is given into its own objects.",
    },
    expected: "nothing",
    without: {
      how: "In the host's realm with dangerous names shadowed",
      standIn: "same-realm",
      shows: canary("memory"),
    },
  },
  {
    id: "A12",
    file: "inspect-hook",
    title: "Be shown by the host's inspect",
    class: "realm",
    defence: { kind: "structural", what: "console is the guest's: it spells a line, and posts the text." },
    expected: "nothing",
    without: { how: IN_NODE_VM + ", console among them", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A13",
    file: "registered-symbols",
    title: "Hooks under registered symbols",
    class: "realm",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: IN_NODE_VM + ", console among them", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A14",
    file: "leftovers",
    title: "What another session left",
    class: "realm",
    defence: {
      kind: "structural",
      what: "Each session has a process, an isolate and a context of its own, never used again.",
    },
    expected: "nothing",
    without: { how: "In an isolate that is kept between sessions", standIn: "plain-isolate", shows: canary("session") },
  },
];
