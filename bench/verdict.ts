// What got through in one run, told from what was seen of it alone: no verdict is written down beforehand, for nobody. And
// what an attack needs that a contestant does not have, told from the attack's row.

import { PERMITTED_GLOBALS } from "../src/enclosure/guest/permits.ts";
import { type Attack, HOST_DIES, type Observation } from "../test/escape/attack.ts";

/** From the worst to the best. A run can have several of the first six. */
export const VERDICTS = {
  canary: "a canary was seen in what came out: a secret that nobody had handed to the agent",
  network: "the server on the loopback was reached",
  crashed: "the host process died",
  hung: "the host went on beyond the limit of time, and the grace, and was killed from outside",
  memory: "host and children took more than twice the memory limit, beyond what a harmless agent takes there",
  loot: "the attack handed out what it was after, which is no canary: a broken invariant",
  untried: "the attack could not be tried: it ended because the engine lacks what it is written in",
  stopped: "nothing got through, and the contestant's own limit ended the agent",
  nothing: "nothing got through",
  inapplicable: "not applicable: what is attacked is not there",
} as const;

export type Verdict = keyof typeof VERDICTS;

export interface Judged {
  readonly verdicts: readonly [Verdict, ...Verdict[]];
  /** What was seen, or why it was not tried. */
  readonly why?: string;
}

export interface Bounds {
  /** Beyond this much resident memory the verdict is `memory`. */
  readonly bytes: number;
  /** Whether the harness had to end the run. */
  readonly overdue: boolean;
}

export function judge(run: Observation, { bytes, overdue }: Bounds): Judged {
  const { canaries, heard, loot, peakBytes, result } = run;
  const through: Verdict[] = [];
  if (canaries.length > 0) through.push("canary");
  if (heard > 0) through.push("network");
  if (overdue) through.push("hung");
  else if (HOST_DIES.seen(run)) through.push("crashed");
  if (peakBytes > bytes) through.push("memory");
  if (loot !== undefined && canaries.length === 0) through.push("loot");
  const [first, ...others] = through;
  if (first !== undefined) return { verdicts: [first, ...others], why: evidenceOf(run) };
  const lack = lackOf(run);
  if (lack !== undefined) return { verdicts: ["untried"], why: lack };
  return { verdicts: [result?.status === "limit" ? "stopped" : "nothing"], why: evidenceOf(run) };
}

function evidenceOf({ canaries, exit, loot, result, signal, stderr }: Observation): string {
  if (canaries.length > 0) return `canaries: ${canaries.join(", ")}`;
  if (loot !== undefined) return JSON.stringify(loot).slice(0, 300);
  if (result === undefined) return `exit ${String(exit)}, signal ${String(signal)}: ${stderr.slice(-300)}`;
  const { error, limit, status } = result;
  return [status, limit?.name, error?.code, error?.name, error?.message].filter((one) => one != null).join(" ");
}

/** `process` is what attacks are after; the product's is a name with texts behind it. */
const MEANS: ReadonlySet<string> = new Set(PERMITTED_GLOBALS.filter((name) => name !== "process"));

/** What an agent had with the product and missed elsewhere. What the product lacks as well, an attack may well be after. */
function lackOf({ result }: Observation): string | undefined {
  const { message = "", name = "" } = result?.error ?? {};
  if (name === "SyntaxError") return `${name}: ${message}`;
  const missing = /^'?(\w+)'? is not defined$/.exec(message)?.[1];
  return missing !== undefined && MEANS.has(missing) ? `there is no ${missing}` : undefined;
}

/** What an attack is aimed at that not every contestant has. */
export interface Having {
  /** Compiles the agent, and reads a manifest. */
  readonly compiler: boolean;
  /** Keeps a record, and limits what goes into it. */
  readonly record: boolean;
  /** Runs the agent in a process of its own, so that something stands behind the first wall. */
  readonly process: boolean;
}

const LIMITS_OF_ALL: readonly string[] = ["wall", "cpu", "memory"];

/** Why an attack is not applicable; undefined where it is. */
export function lacking(
  { class: group, expected, given, limits = {}, without }: Attack,
  has: Having,
): string | undefined {
  if (!has.compiler && (group === "bundle" || (typeof expected === "object" && "refused" in expected)))
    return "no compiler and no manifest are part of it";
  if (!has.record && (group === "record" || asksForRecord(without.shows.seen))) return "it keeps no record";
  const limit = Object.keys(limits).find((name) => !LIMITS_OF_ALL.includes(name));
  if (!has.record && limit !== undefined) return `it has no limit \`${limit}\``;
  if (!has.compiler && (group === "system" || group === "machine"))
    return "what it is given is a way out of the product";
  if (!has.process && given !== undefined) return "nothing stands behind its first wall";
  return undefined;
}

const BLANK: Observation = {
  exit: 0,
  signal: null,
  stdout: "",
  stderr: "",
  result: undefined,
  loot: undefined,
  canaries: [],
  heard: 0,
  left: [],
  cpuMs: 0,
  peakBytes: 0,
  record: [],
};

/** Whether an attack's own criterion looks at the record. */
function asksForRecord(seen: (run: Observation) => boolean): boolean {
  let asked = false;
  seen({
    ...BLANK,
    get record() {
      asked = true;
      return [];
    },
  });
  return asked;
}
