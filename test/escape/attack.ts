// What an attack is: a row of the catalogue, what is seen of a run of it, and the ways in which a run can be harmed.
// Everything that a row claims is run by test/slow/escape.test.ts.

import type { Replacement } from "./weaken.ts";

export const CLASSES = {
  realm: "Reaching the host's objects and realm",
  errors: "Errors and stacks",
  promises: "Promises and the order of things",
  bridge: "The bridge, from inside",
  values: "Values that cross",
  resources: "Using up the host",
  record: "The record and its readers",
  bundle: "The compiler as a way to the host's files",
  process: "After an escape from the isolate: the guest process",
  system: "After an escape from Node as well: the system's walls",
  machine: "Machine code in the guest process",
} as const;

export interface Attack {
  readonly id: `A${number}`;
  /** agents/<file>.ts; of the class `machine` machine/<file>.c, which machine/agent.ts loads. */
  readonly file: string;
  readonly title: string;
  readonly class: keyof typeof CLASSES;
  readonly defence: {
    /** Structural: the thing attacked is not there. Specific: it is there, and one measure holds it. */
    readonly kind: "structural" | "specific";
    readonly what: string;
  };
  /** Lines of the manifest's `limits` that are not the default. */
  readonly limits?: Readonly<Record<string, number | string>>;
  /** Files and symbolic links beside the agent. */
  readonly files?: Readonly<Record<string, string | (() => string)>>;
  readonly links?: Readonly<Record<string, string>>;
  /** The desk's `allow` list, where it is not that of the three functions. */
  readonly allow?: readonly unknown[];
  /** The agent is run once before, and this is replaced in what the compiler has kept of it. */
  readonly poison?: { readonly find: string; readonly replace: string };
  /** A module of preloads/ that Node loads before the program, and that plays the worst moment. */
  readonly preload?: "swap";
  /** A file beside the project that is open in the host when that begins, as its shell left it, under HANDED_FD. */
  readonly handed?: string;
  /** The host is killed as soon as this is seen: the attack is to be alive after it. Then no record is complete. */
  readonly killHost?: (run: Observation) => boolean;
  /** What the attacker is given first in both runs, so that what stands behind it is tried. */
  readonly given?: { readonly what: string; readonly replace: readonly Replacement[] };
  readonly expected: Expected;
  readonly without: Without;
}

/** Its file, from test/escape. */
export function pathOf({ class: group, file }: Pick<Attack, "class" | "file">): string {
  return group === "machine" ? `machine/${file}.c` : `agents/${file}.ts`;
}

/** A descriptor beyond a gap, behind which Node does not look. */
export const HANDED_FD = 40;

/** What happens here. "nothing": the agent ends, by itself or by its own error, and has got nothing. */
export type Expected =
  | "nothing"
  /** `orNothing`: or the language refuses it first. */
  | { readonly limit: string; readonly orNothing?: true }
  | { readonly refused: string }
  /** `saying`: is part of the error's message. */
  | { readonly ends: "crashed" | "stalled"; readonly code: string; readonly saying?: string }
  /** The host is killed, and nothing is left of it. */
  | "gone";

export type Without = { readonly how: string; readonly shows: Shows } & (
  | { readonly replace: readonly Replacement[] }
  | { readonly standIn: StandIn }
);

/** Programs of stand-ins/: the usual recipes, without the structure that is attacked. */
export type StandIn = "same-realm" | "node-vm" | "plain-isolate" | "plain-bundle";

/** What is seen of one run. */
export interface Observation {
  /** Null while it runs, and where a signal ended it. */
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON value of standard output. */
  readonly result: RunJson | undefined;
  /** What the agent handed out that is not `undefined`. */
  readonly loot: unknown;
  /** Names of the canaries that stand in the output or in the session's record. */
  readonly canaries: readonly string[];
  /** Connections that the loopback server was asked for. */
  readonly heard: number;
  /** Processes of its that were still there when the host had ended. Empty while it runs. */
  readonly left: readonly number[];
  /** The most that host and guest have used together. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** Bodies of the session's records and the texts of their payloads. */
  readonly record: readonly { readonly type: string; readonly text: string }[];
}

export interface RunJson {
  readonly session?: string | null;
  readonly status?: string;
  readonly output?: unknown;
  readonly error?: { readonly code?: string; readonly name?: string; readonly message?: string } | null;
  readonly limit?: { readonly name: string } | null;
}

/** How one sees that an attack has succeeded. */
export interface Shows {
  readonly what: string;
  /** Asked again and again while the run goes on, until it says yes; then the run is ended. */
  readonly seen: (run: Observation) => boolean;
}

/** The agent has handed something out. `what`: what it is. */
export function loot(what: string): Shows {
  return { what, seen: ({ loot }) => loot !== undefined };
}

export function canary(name: string): Shows {
  return {
    what: `the agent hands out ${CANARIES[name as keyof typeof CANARIES]}`,
    seen: ({ canaries }) => canaries.includes(name),
  };
}

export const HOST_DIES: Shows = {
  what: "the host process dies",
  seen: ({ exit, signal, result }) => signal !== null || (exit !== null && result === undefined),
};

export const OUTLIVES: Shows = {
  what: "a process outlives the host",
  seen: ({ left }) => left.length > 0,
};

/** `ms`: well beyond what the run was allowed. */
export function burns(ms: number): Shows {
  return { what: `${ms / 1000} s of CPU time are burnt and nothing ends it`, seen: ({ cpuMs }) => cpuMs >= ms };
}

export function swells(MiB: number): Shows {
  return { what: `more than ${MiB} MiB of memory are taken`, seen: ({ peakBytes }) => peakBytes >= MiB * 1024 * 1024 };
}

/** Where the canaries are. */
export const CANARIES = {
  environment: "the host's environment variable",
  parent: "the file in the project's parent folder",
  beside: "the file beside the agent that no import can name",
  loopback: "the answer of the server on the loopback",
  session: "the input of another session in the same store",
  memory: "what lies in the host process's memory",
} as const;
