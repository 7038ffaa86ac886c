// The hostile agents of test/escape, as they are, against the product and against what else people run such code in: each in
// its usual, careful recipe, under the same limits, judged alike and from outside (verdict.ts). docs/comparison.md is made
// of what this measures (comparison.ts).

import { build } from "esbuild";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { openRuntime } from "agent-enclosure";
import type { Attack, Observation, Shows } from "../test/escape/attack.ts";
import { ATTACKS } from "../test/escape/catalogue.ts";
import { type Ground, makeGround, makePlace, watch, writeVictim } from "../test/escape/place.ts";
import { Workshop } from "../test/escape/trial.ts";
import { LIMITS } from "./contestants/limits.ts";
import { type Contestant, CONTESTANTS } from "./contestants/table.ts";
import { spreadOf } from "./rounds.ts";
import { judge, type Judged, lacking } from "./verdict.ts";

const MiB = 1024 * 1024;
/** Of processor time, for the host and what it starts: what hangs burns it, however busy the machine is elsewhere. */
const GRACE_MS = 3000;
/** What waits and burns nothing is given up then. */
const OVERDUE_MS = 60_000;
/** Then a run is ended, for the machine's sake. */
const ENOUGH_BYTES = 1024 * MiB;
const HARMLESS_TRIES = 3;

/** Why each is what it is, stands in the raw results. */
export type Trial = Judged & { readonly ms?: number; readonly cpuMs?: number; readonly peakBytes?: number };

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly class: Attack["class"];
  /** In the order of the contestants. */
  readonly trials: readonly Trial[];
}

export interface Compared {
  readonly limits: typeof LIMITS & { readonly graceMs: number; readonly overdueMs: number };
  readonly contestants: readonly (Pick<Contestant, "name" | "version"> & { readonly harmless: Harmless })[];
  readonly rows: readonly Row[];
}

/** What an agent takes that does no harm. */
interface Harmless {
  readonly ms: number;
  readonly peakBytes: number;
}

/** Calls a granted function, waits, and hands out the answer: what every recipe must be able to do. */
const HARMLESS = `import { desk } from "enclosure:caps";
export default async function () {
  const got = await desk.echo({ word: "harmless" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log("harmless");
  return got.word;
}`;

export async function measure(attacks = ATTACKS): Promise<Compared> {
  const ground = makeGround();
  try {
    await runVictim(ground);
    const arena = new Arena(ground);
    const harmless: Harmless[] = [];
    for (const contestant of CONTESTANTS) harmless.push(await arena.measureHarmless(contestant));
    const rows = await arena.runAll(attacks, harmless);
    const contestants = CONTESTANTS.map(({ name, version }, i) => ({
      name,
      version,
      harmless: harmless[i] as Harmless,
    }));
    return { limits: { ...LIMITS, graceMs: GRACE_MS, overdueMs: OVERDUE_MS }, contestants, rows };
  } finally {
    ground.close();
  }
}

/** Another session in the product's store, which none of the agents has any business with. */
async function runVictim(ground: Ground): Promise<void> {
  const runtime = await openRuntime({ store: ground.store, home: ground.home });
  try {
    await runtime.run(writeVictim(ground));
  } finally {
    await runtime.close();
  }
}

interface Fight {
  readonly contestant: Contestant;
  readonly attack: Attack;
  readonly harmless: Harmless;
}

class Arena {
  readonly #ground: Ground;
  readonly #workshop: Workshop;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#workshop = new Workshop(ground, enough);
  }

  /** The median time, and the most memory. */
  async measureHarmless(contestant: Contestant): Promise<Harmless> {
    const tries: Harmless[] = [];
    while (tries.length < HARMLESS_TRIES) tries.push(await this.#tryHarmless(contestant));
    const ms = spreadOf(tries.map((one) => one.ms)).median;
    return { ms, peakBytes: Math.max(...tries.map((one) => one.peakBytes)) };
  }

  /** @throws Error where the recipe does not carry a harmless agent: nothing could be concluded from it */
  async #tryHarmless(contestant: Contestant): Promise<Harmless> {
    const agent = { ...(ATTACKS[0] as Attack), files: { "agent.ts": HARMLESS } };
    const begun = performance.now();
    const run = await this.#run(contestant, agent);
    const ms = Math.round(performance.now() - begun);
    if (run.loot === "harmless") return { ms, peakBytes: run.peakBytes };
    throw new Error(`${contestant.name} does not run a harmless agent: ${run.stdout}${run.stderr}`);
  }

  /** As many at once as the machine has cores, so that limits of time mean what they say. */
  async runAll(attacks: readonly Attack[], harmless: readonly Harmless[]): Promise<Row[]> {
    const rows = attacks.map(({ id, title, class: group }) => ({ id, title, class: group, trials: [] as Trial[] }));
    const left = rows.flatMap((row, i) =>
      CONTESTANTS.map((contestant, column) => ({
        contestant,
        attack: attacks[i] as Attack,
        harmless: harmless[column] as Harmless,
        keep: (trial: Trial) => void (row.trials[column] = trial),
      })),
    );
    const total = left.length;
    const waited: typeof left = [];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const trial = await this.#try(next, `${total - left.length}/${total}`);
        next.keep(trial);
        if (hasWaited(trial)) waited.push(next);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    for (const [i, one] of waited.entries()) one.keep(await this.#try(one, `again, alone: ${i + 1}/${waited.length}`));
    return rows;
  }

  async #try({ contestant, attack, harmless }: Fight, count: string): Promise<Trial> {
    const trial = await this.#observe(contestant, attack, harmless);
    console.error(`${count} ${attack.id} ${attack.file}, ${contestant.name}: ${trial.verdicts.join(", ")}`);
    return trial;
  }

  async #observe(contestant: Contestant, attack: Attack, harmless: Harmless): Promise<Trial> {
    const lack = lacking(attack, contestant.has);
    if (lack !== undefined) return { verdicts: ["inapplicable"], why: lack };
    const begun = performance.now();
    const run = await this.#run(contestant, attack);
    const { cpuMs, exit, peakBytes, signal } = run;
    const overdue = exit === null && signal === null && peakBytes <= ENOUGH_BYTES;
    const bytes = harmless.peakBytes + 2 * LIMITS.memoryMiB * MiB;
    return { ...judge(run, { bytes, overdue }), ms: Math.round(performance.now() - begun), cpuMs, peakBytes };
  }

  async #run({ args }: Contestant, attack: Attack): Promise<Observation> {
    const { ms, memoryMiB } = LIMITS;
    const limits = { ...attack.limits, wall: `${ms}ms`, cpu: `${ms}ms`, memory: `${memoryMiB}MiB` };
    if (args === undefined) return this.#workshop.here({ ...attack, limits });
    const place = await makePlace(this.#ground, attack);
    try {
      await compile(place.project);
      const program = join(import.meta.dirname, "contestants", args.at(-1) ?? "");
      return await watch(this.#ground, place, { args: [...args.slice(0, -1), program] }, enough());
    } finally {
      await place.remove();
    }
  }
}

/** When a run is ended from outside. */
function enough(): Shows {
  const begun = performance.now();
  return {
    what: "it has taken more than it may",
    seen: ({ cpuMs, peakBytes }) =>
      cpuMs > LIMITS.ms + GRACE_MS || performance.now() - begun > OVERDUE_MS || peakBytes > ENOUGH_BYTES,
  };
}

/** What a limit stopped that had not worked for so long may have been kept waiting by the machine. */
function hasWaited({ verdicts, cpuMs = 0 }: Trial): boolean {
  return verdicts[0] === "stopped" && cpuMs < LIMITS.ms;
}

/** agent.ts as a classic script that defines `agent`; the granted functions come from a global `desk`. */
async function compile(project: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: project,
    entryPoints: ["agent.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "agent",
    logLevel: "silent",
    plugins: [
      {
        name: "caps",
        setup: ({ onLoad, onResolve }) => {
          onResolve({ filter: /^enclosure:caps$/ }, () => ({ path: "caps", namespace: "caps" }));
          onLoad({ filter: /.*/, namespace: "caps" }, () => ({ contents: "export const desk = globalThis.desk;" }));
        },
      },
    ],
  });
  writeFileSync(join(project, "agent.js"), outputFiles[0]?.text ?? "");
}
