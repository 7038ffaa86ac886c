// Both runs of an attack: here, and with its defence removed.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUBBLEWRAP_WORKS } from "../support/bubblewrap.ts";
import { ROOT } from "../support/tree.ts";
import type { Attack, Observation, Shows } from "./attack.ts";
import { type Ground, type Host, makePlace, productHost, watch } from "./place.ts";
import { buildWeakened, type Replacement } from "./weaken.ts";

/** What this machine lacks of what an attack needs; undefined where it lacks nothing. */
export function unable({ class: group }: Attack): string | undefined {
  if (group !== "system" && group !== "machine") return undefined;
  if (!BUBBLEWRAP_WORKS || process.arch !== "x64") return "bubblewrap does not work here, or this is not x86-64";
  return group === "machine" && !CC_WORKS ? "there is no cc" : undefined;
}

const CC_WORKS = spawnSync("cc", ["--version"], { stdio: "ignore" }).status === 0;

/** Copies of the product that have been built for this ground, by what was replaced. */
export class Workshop {
  readonly #ground: Ground;
  readonly #built = new Map<string, Promise<string>>();

  readonly #bound: (() => Shows) | undefined;

  /** `bound`: for each run whose end is not said otherwise, when it is ended from outside. */
  constructor(ground: Ground, bound?: () => Shows) {
    this.#ground = ground;
    this.#bound = bound;
  }

  /** The attack against the product, on the store that all share; where it is given an escape, against a copy that has it. */
  async here(attack: Attack): Promise<Observation> {
    const root = await this.#product(attack.given?.replace ?? []);
    const { folder, home, store } = this.#ground;
    // What is poisoned, or left in the middle of a session, must not be what others use.
    if (attack.poison !== undefined || attack.killHost !== undefined)
      return this.#run(attack, ownHost(root, join(folder, attack.id)));
    return this.#run(attack, productHost(root, store, home));
  }

  /** The attack without its defence, on a store of its own, until it has shown that it succeeds. */
  async without(attack: Attack): Promise<Observation> {
    const { without } = attack;
    if ("standIn" in without) {
      const program = join(import.meta.dirname, "stand-ins", `${without.standIn}.ts`);
      return this.#run(attack, { args: ["--no-node-snapshot", "--max-old-space-size=128", program] }, without.shows);
    }
    const root = await this.#product([...(attack.given?.replace ?? []), ...without.replace]);
    return this.#run(attack, ownHost(root, join(this.#ground.folder, `${attack.id}-without`)), without.shows);
  }

  async #run(attack: Attack, host: Host, until = this.#bound?.()): Promise<Observation> {
    const place = await makePlace(this.#ground, attack);
    try {
      const { preload } = attack;
      const first = preload === undefined ? [] : ["--import", join(import.meta.dirname, "preloads", `${preload}.mjs`)];
      if (attack.poison !== undefined) {
        await watch(this.#ground, place, host);
        poison(host, attack.poison);
      }
      const { handed, killHost: killed } = attack;
      const more = { ...(handed !== undefined && { handed }), ...(killed !== undefined && { killed }) };
      return await watch(this.#ground, place, { ...host, ...more, args: [...first, ...host.args] }, until);
    } finally {
      await place.remove();
    }
  }

  #product(replacements: readonly Replacement[]): Promise<string> {
    if (replacements.length === 0) return Promise.resolve(ROOT);
    const key = JSON.stringify(replacements);
    let built = this.#built.get(key);
    if (built === undefined) {
      const folder = join(this.#ground.folder, `product-${this.#built.size}`);
      built = buildWeakened(folder, replacements).then(() => folder);
      this.#built.set(key, built);
    }
    return built;
  }
}

function ownHost(root: string, folder: string): Host {
  return productHost(root, join(folder, "store", "audit.db"), join(folder, "home"));
}

/** Changes every bundle that is kept beside a host's store. @throws Error where there is none that can be changed */
function poison({ log }: Host, { find, replace }: NonNullable<Attack["poison"]>): void {
  const folder = join(dirname(log?.path ?? ""), "cache");
  const bundles = readdirSync(folder).map((name) => join(folder, name));
  const changed = bundles.filter((file) => {
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replaceAll(find, replace));
    return text.includes(find);
  });
  if (changed.length === 0) throw new Error(`nothing of ${find} is kept in ${folder}`);
}
