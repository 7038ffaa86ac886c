// docs/comparison.md, made of what bench/attacks.ts has measured. Nothing in it that was not measured but what each
// contestant is meant for and its recipe (contestants/table.ts).

import { CLASSES } from "../test/escape/attack.ts";
import type { Compared, Row, Trial } from "./attacks.ts";
import { CONTESTANTS } from "./contestants/table.ts";
import { type Verdict, VERDICTS } from "./verdict.ts";

/** As bench/run.js keeps it. */
export interface Kept {
  readonly at: string;
  readonly machine: {
    readonly cpu?: string | undefined;
    readonly cores: number;
    readonly os: string;
    readonly node: string;
    readonly load?: number | undefined;
  };
  readonly measured: Compared;
}

const NAMES = Object.keys(VERDICTS) as readonly Verdict[];
const HELD: readonly Verdict[] = ["stopped", "nothing"];
const IDLE: readonly Verdict[] = ["untried", "inapplicable"];
const MiB = 1024 * 1024;

export function comparisonPage({ at, machine, measured }: Kept): string {
  const { contestants, limits, rows } = measured;
  const names = contestants.map(({ name }) => name);
  return `# Compared

<!-- Made by \`npm run bench -- attacks --publish\`. -->

The ${rows.length} hostile agents of [ATTACKS.md](ATTACKS.md), the same files, against Agent Enclosure and against what else people run an agent's code in. Every verdict below was observed from outside in one run; none is written down beforehand.

Read it with this in mind:

- **The attacks are aimed at what Agent Enclosure promises.** They were collected from the ways in which sandboxes break, and chosen by those who make this one. A contestant that lets one through has often never promised to hold it: a clock that moves, or a stack that names a file, is nothing that \`node:vm\` or QuickJS owe anybody. What an attack is after stands in ATTACKS.md.
- **The contestants are building blocks**, and this is a whole. Who builds on one of them adds what it lacks, a process around it first of all. So does Agent Enclosure, which is built on isolated-vm.
- **The recipes are careful ones.** Each has a limit of time and of memory wherever the contestant offers one, and is handed the same three things: the granted functions of a host module, a console, timers. No canary is handed to anyone, and no function that reveals one. The host module merges what it is given into an object of its own, as much host code does.
- In careless recipes many more of the attacks succeed, those on isolated-vm's own objects among them. ATTACKS.md says in which, attack by attack (*Without it*).
- An attack that ends in nothing shows that these lines got nothing, not that nothing can be got.

## What came out

${table(
  ["", ...names],
  [
    ["attacks that apply and could be tried", ...count(rows, (trial) => !IDLE.includes(trial.verdicts[0]))],
    ["of these, something got through", ...count(rows, gotThrough)],
    ...NAMES.map((verdict) => [verdict, ...count(rows, ({ verdicts }) => verdicts[0] === verdict)]),
    ["a harmless agent: milliseconds", ...contestants.map(({ harmless }) => String(harmless.ms))],
    ["a harmless agent: MiB, all processes", ...contestants.map(({ harmless }) => mebibytes(harmless.peakBytes))],
  ],
)}

Each attack counts once, by the worst that was seen of it. From the worst to the best:

${NAMES.map((name) => `- **${name}**: ${VERDICTS[name]}.`).join("\n")}

## Where another does as well, or better

${[sayOurs(measured), ...sayOthers(measured)].join("\n")}

## The contestants

All under ${limits.ms / 1000} s and ${limits.memoryMiB} MiB. A host that burns, with what it has started, ${limits.graceMs / 1000} s of processor time more than that hangs; so does one that has not ended after ${limits.overdueMs / 1000} s.

${CONTESTANTS.map(({ name, version, meant, recipe }) => `- **${name}** (${version}) is meant for ${meant} Here: ${recipe}`).join("\n")}

The programs are in [bench/contestants](../bench/contestants). An attack is not applicable where its row in the catalogue asks for what a contestant does not have: the record, the compiler and the manifest, a limit of another kind than time and memory, or, for attacks that are given an escape from the first wall, a second one. In that class (*${CLASSES.process}*) a copy of the product has been given the escape; an agent under \`node --permission\` is in Node from its first line.

## Attack by attack

${sections(rows, names)}

## Run it again

\`\`\`sh
npm run bench -- attacks             # prints the tables, keeps what was seen in bench/out/attacks.json
npm run bench -- attacks --publish   # and writes this page
\`\`\`

${at.slice(0, 10)}, ${machine.cpu ?? "a processor without a name"}, ${machine.cores} cores, ${machine.os}, load ${(machine.load ?? 0).toFixed(1)} at the beginning; ${contestants.map(({ name, version }) => `${name} ${version}`).join(", ")}.
`;
}

/** For the terminal. */
export function show({ contestants, rows }: Compared): string {
  const names = contestants.map(({ name }) => name);
  const counts = NAMES.map((verdict) => [verdict, ...count(rows, ({ verdicts }) => verdicts[0] === verdict)]);
  const lines = rows.map(({ id, title, trials }) => [`${id} ${title}`, ...trials.map(cell)]);
  return table(["", ...names], [...lines, ...counts]);
}

function gotThrough({ verdicts }: Trial): boolean {
  return !HELD.includes(verdicts[0]) && !IDLE.includes(verdicts[0]);
}

function count(rows: readonly Row[], is: (trial: Trial) => boolean): readonly string[] {
  return CONTESTANTS.map((_, i) => String(rows.filter(({ trials }) => is(trials[i] as Trial)).length));
}

function sayOurs({ contestants, rows }: Compared): string {
  const lost = rows.filter(({ trials }) => gotThrough(trials[0] as Trial));
  const what = lost.map(({ id, trials }) => `${id} (${trials[0]?.verdicts.join(", ")})`).join(", ");
  return `- **${contestants[0]?.name}** lets through: ${lost.length === 0 ? "nothing of what applies." : `${what}.`}`;
}

/** Where another one does as well as the product, or better: told from the verdicts. */
function sayOthers({ contestants, rows }: Compared): readonly string[] {
  return contestants.slice(1).map(({ name, harmless }, i) => {
    const trials = (row: Row): readonly [Trial, Trial] => [row.trials[0] as Trial, row.trials[i + 1] as Trial];
    const whole = Object.entries(CLASSES).filter(([group]) => {
      const tried = rows.filter((row) => row.class === group && !IDLE.includes(trials(row)[1].verdicts[0]));
      return tried.length > 0 && !tried.some((row) => gotThrough(trials(row)[1]));
    });
    const better = rows.filter((row) => {
      const [ours, theirs] = trials(row);
      return gotThrough(ours) && HELD.includes(theirs.verdicts[0]);
    });
    const ours = contestants[0]?.harmless;
    const classes = whole.map(([, heading]) => `*${heading}*`).join("; ");
    const lines = [
      whole.length > 0
        ? `lets nothing through of what applies in: ${classes}.`
        : "lets something through in every class.",
      better.length > 0 ? `Holds what Agent Enclosure does not: ${better.map(({ id }) => id).join(", ")}.` : "",
      ours === undefined
        ? ""
        : `A harmless agent takes ${sayRatio(harmless.ms / ours.ms)} of its time and ${sayRatio(harmless.peakBytes / ours.peakBytes)} of its memory here.`,
    ];
    return `- **${name}** ${lines.filter((line) => line !== "").join(" ")}`;
  });
}

function sayRatio(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

function sections(rows: readonly Row[], names: readonly string[]): string {
  const parts = Object.entries(CLASSES).map(([group, heading]) => {
    const lines = rows.filter((row) => row.class === group);
    const cells = lines.map((row) => [
      `[${row.id}](ATTACKS.md#${anchorOf(row)}) ${row.title}`,
      ...row.trials.map(cell),
    ]);
    return lines.length === 0 ? "" : `### ${heading}\n\n${table(["", ...names], cells)}`;
  });
  return parts.filter((part) => part !== "").join("\n\n");
}

/** As GitHub makes it of the heading. */
function anchorOf({ id, title }: Row): string {
  return `${id} ${title}`
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

function cell({ verdicts }: Trial): string {
  const [first] = verdicts;
  if (first === "nothing") return "–";
  if (first === "inapplicable") return "n/a";
  return HELD.includes(first) || IDLE.includes(first) ? first : `**${verdicts.join(", ")}**`;
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / MiB));
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, 3, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
