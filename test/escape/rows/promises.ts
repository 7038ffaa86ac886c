// Attacks by promises, and by the order of things.

import { type Attack, burns, canary, HOST_DIES, loot } from "../attack.ts";
import { NO_HOST_OBJECT } from "./realm.ts";

export const PROMISES: readonly Attack[] = [
  {
    id: "A27",
    file: "species",
    title: "The species of a promise",
    class: "promises",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A28",
    file: "patched-then",
    title: "Replace Promise.prototype.then",
    class: "promises",
    defence: { kind: "specific", what: "Promise.prototype.then is captured before the agent's first line." },
    expected: "nothing",
    without: {
      how: "With `then` looked up when it is needed",
      replace: [
        {
          file: "src/enclosure/guest/intrinsics.ts",
          find: "void then(promise, onValue as (value: unknown) => unknown, onError as (error: unknown) => unknown);",
          replace: "void promise.then(onValue, onError);",
        },
      ],
      shows: loot("the agent holds the function that ends the session, and ends it with a result of its choice"),
    },
  },
  {
    id: "A29",
    file: "thenable-output",
    title: "An output with a `then`",
    class: "promises",
    defence: { kind: "structural", what: "The output is awaited by the guest's own Promise; the host gets text." },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: canary("environment") },
  },
  {
    id: "A30",
    file: "unhandled-rejections",
    title: "Rejections that nobody handles",
    class: "promises",
    defence: {
      kind: "structural",
      what: "Rejections of the isolate are told to the guest process, which drops them; the host process never hears of them.",
    },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: HOST_DIES },
  },
  {
    id: "A31",
    file: "async-host-function",
    title: "A host function that rejects",
    class: "promises",
    defence: { kind: "structural", what: "The child's one function is synchronous and catches everything." },
    expected: "nothing",
    without: {
      how: "In an isolate within the host's process, by the usual recipe",
      standIn: "plain-isolate",
      shows: HOST_DIES,
    },
  },
  {
    id: "A32",
    file: "microtasks",
    title: "Microtasks without an end",
    class: "promises",
    defence: {
      kind: "structural",
      what: "The guest is a process of its own, which a watchdog on a thread of its own kills.",
    },
    limits: { cpu: "500ms" },
    expected: { limit: "cpu" },
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: burns(3000) },
  },
  {
    id: "A33",
    file: "loop-after-await",
    title: "Loop after an await",
    class: "promises",
    defence: {
      kind: "structural",
      what: "Every turn is entered with a time-out, and the process is watched from outside.",
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
    id: "A34",
    file: "never-settles",
    title: "Never come to an end",
    class: "promises",
    defence: { kind: "specific", what: "When the guest is quiet and nothing is pending the session ends as stalled." },
    limits: { wall: "10s" },
    expected: { ends: "stalled", code: "AGENT_STALLED" },
    without: {
      how: "Without that rule",
      replace: [
        {
          file: "src/session/conduct.ts",
          find: 'if (quiet && broker.pending === 0 && this.#alarms.size === 0) this.end({ kind: "stalled" });',
          replace: "",
        },
      ],
      shows: { what: "only the wall limit ends the session", seen: ({ result }) => result?.limit?.name === "wall" },
    },
  },
  {
    id: "A35",
    file: "async-generator",
    title: "Await within a generator",
    class: "promises",
    defence: { kind: "structural", what: NO_HOST_OBJECT },
    expected: "nothing",
    without: { how: "In a node:vm context with a few host objects", standIn: "node-vm", shows: canary("environment") },
  },
];
