// Measuring side by side: the peers take turns, round by round, so that whatever else the machine does meets them all.
// Only ratios within one run mean anything; the raw samples are kept.

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The samples of each peer by its name, one a round. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** One table: its peers and what they are compared with. */
export interface Measured {
  readonly title: string;
  readonly unit: string;
  readonly samples: Samples;
  /** The peers that ratios are taken against. */
  readonly against: readonly string[];
  /** What no median should be above. */
  readonly target?: number;
}

/** Runs every peer once a round. The first `warmups` rounds do not count. */
export async function takeTurns(
  peers: Readonly<Record<string, () => Promise<number> | number>>,
  rounds: number,
  warmups = 1,
): Promise<Samples> {
  const samples = new Map<string, number[]>(Object.keys(peers).map((name) => [name, []]));
  for (let round = -warmups; round < rounds; round++) {
    for (const [name, peer] of Object.entries(peers)) {
      const sample = await peer();
      if (round >= 0) samples.get(name)?.push(sample);
    }
  }
  return Object.fromEntries(samples);
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? NaN;
  const high = sorted[Math.floor(middle)] ?? NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

/** A table of medians (min..max), of ratios of medians, and of whether the target is met. */
export function table({ title, unit, samples, against, target }: Measured): string {
  const spreads = new Map(Object.entries(samples).map(([name, values]) => [name, spreadOf(values)]));
  const rows = [...spreads].map(([name, { median, min, max }]) => [
    name,
    `${shown(median)} (${shown(min)}..${shown(max)})`,
    ...against.map((other) => (median / (spreads.get(other)?.median ?? NaN)).toFixed(2)),
    ...(target === undefined ? [] : [median <= target ? "yes" : "NO"]),
  ]);
  const aim = target === undefined ? [] : [`<= ${target}`];
  const heads = [title, `${unit}, median (min..max)`, ...against.map((name) => `x ${name}`), ...aim];
  const widths = heads.map((head, column) => Math.max(...[heads, ...rows].map((row) => (row[column] ?? head).length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
