// Asks the person at the terminal about a call that the manifest holds. One question at a time; what is shown is the
// exact argument, with nothing hidden in it. Invariants: every row that the request fills begins with words of ours, and
// all of it fits the screen, so that the agent can show no other request in place of its own; only an answer that repeats
// the question's own number grants, so that nothing typed before the question does.

import { createInterface, type Interface } from "node:readline/promises";
import type { Random } from "../base/powers.ts";
import { systemRandom } from "../outside/clock.ts";
import type { ApprovalAnswer, ApprovalChannel, ApprovalRequest } from "../session/contract.ts";
import type { Live } from "./live.ts";
import { foreignColumns, type Page } from "./page.ts";
import { hardWrapped, visible } from "./visible.ts";
import { shownDuration } from "./words.ts";

/** Longest reason that is taken into the record, in UTF-16 units. */
const REASON_CHARS_MAX = 1000;

/** The channel, where there is a person: standard input and standard error are both a terminal. */
export function terminalApprovals(page: Page, live: Live, input: NodeJS.ReadStream): ApprovalChannel | undefined {
  if (!page.terminal || !input.isTTY) return undefined;
  return makeApprovals(page, live, (signal) => openTerminal(input, signal), systemRandom);
}

/** Where a question is put; a terminal, in a live run. */
export interface Questioner {
  question(text: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** Opens it once all that was typed before has been thrown away. */
type Open = (signal: AbortSignal) => Promise<Questioner>;

export function makeApprovals(page: Page, live: Live, open: Open, random: Random): ApprovalChannel {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: "tty",
    ask: (request, signal) => {
      const answer = last.then(() => askOne(page, live, open, random, request, signal));
      last = answer.catch(() => {});
      return answer;
    },
  };
}

async function askOne(
  page: Page,
  live: Live,
  open: Open,
  random: Random,
  request: ApprovalRequest,
  signal: AbortSignal,
): Promise<ApprovalAnswer> {
  signal.throwIfAborted();
  const release = live.hold();
  let questioner: Questioner | undefined;
  try {
    questioner = await open(signal);
    const number = drawNumber(random);
    showRequest(page, request);
    const line = await questioner.question(
      `  allow this call? [y ${number} to allow, and a reason if any / N] `,
      signal,
    );
    const answer = readAnswer(line, number);
    if (!answer.granted && /^\s*y/i.test(line)) page.line(`  (refused: a yes to this call is "y ${number}")`);
    return answer;
  } catch (error) {
    if (signal.aborted) page.line("\n  (no longer asked)");
    throw error;
  } finally {
    questioner?.close();
    release();
  }
}

/** Two digits that only this question tells. */
function drawNumber(random: Random): string {
  const [high = 0, low = 0] = random.bytes(2);
  return String(10 + Math.floor(((high * 256 + low) * 90) / 65_536));
}

/** One line, so that nothing can come between an answer and its reason: the first words decide, the rest says why. */
function readAnswer(line: string, number: string): ApprovalAnswer {
  const yes = new RegExp(`^\\s*(?:yes|y)\\s+${number}(?![^\\s.,:;])(.*)$`, "isu").exec(line);
  const no = /^\s*(?:no|n)(?![^\s.,:;])(.*)$/isu.exec(line);
  const rest = (yes ?? no)?.[1]?.replace(/^[\s.,:;]+/, "") ?? line;
  const reason = rest.trim().slice(0, REASON_CHARS_MAX).toWellFormed();
  const granted = yes !== null;
  return reason === "" ? { granted } : { granted, reason };
}

/** Rows for a name, which is cut in its middle beyond. */
const NAME_ROWS_MAX = 3;
/** Rows that an argument may always have, however low the screen. */
const ARGUMENT_ROWS_MIN = 4;

/** Everything here but the labels is foreign text. What matters most stands again right above the question. */
function showRequest(page: Page, request: ApprovalRequest): void {
  const { agent, call, capability, effect, target, rule, argumentsText, timeoutMs } = request;
  const row = (label: string, text: string, rowsMax = NAME_ROWS_MAX): void =>
    printField(page, label, text, rowsMax, call);
  const name = `${call}  ${capability}.${request.function}`;
  page.line();
  page.line(page.paint("bold", "enclosure: an agent asks"));
  row("agent", agent);
  row("rule", `${rule.pointer} (line ${rule.line})`);
  row("timeout", shownDuration(timeoutMs));
  row("argument", argumentsText, Math.max(ARGUMENT_ROWS_MIN, Math.floor(page.rows / 3)));
  row("to", verb(effect));
  row("call", name);
  row("target", `${target.kind} ${target.name}`);
}

/** A field on rows that each begin with its label. A row without a bar is ours, whatever the agent wrote. */
function printField(page: Page, label: string, text: string, rowsMax: number, call: number): void {
  const head = page.paint("dim", `  ${label.padEnd(9)}│ `);
  const shown = visible(text).replace(LONG_BLANK, (blanks) => `⟨${blanks.length} blanks⟩`);
  const rows = hardWrapped(shown, Math.max(foreignColumns(page, head), 2));
  if (rows.length <= rowsMax) return page.foreign(head, shown);
  const first = rows.slice(0, Math.ceil((rowsMax - 1) / 2)).join("");
  const end = rows.slice(rows.length - Math.floor((rowsMax - 1) / 2)).join("");
  page.foreign(head, first);
  const left = shown.length - first.length - end.length;
  page.foreign("  ", `… ${left} characters are not shown here; all: enclosure call last ${call}`);
  page.foreign(head, end);
}

/** Blanks that could fill rows, of whatever width. */
const LONG_BLANK = /\p{Zs}{9,}/gu;

function verb(effect: ApprovalRequest["effect"]): string {
  return { read: "read", write: "write", irreversible: "do what cannot be undone" }[effect];
}

/** Nothing more was typed for so long: what comes now is typed by someone who sees the question. */
const SILENCE_MS = 50;

async function openTerminal(input: NodeJS.ReadStream, signal: AbortSignal): Promise<Questioner> {
  await drain(input, signal);
  const terminal: Interface = createInterface({ input, output: process.stderr, terminal: true, historySize: 0 });
  terminal.on("SIGINT", interrupt);
  return { question: (text, abort) => terminal.question(text, { signal: abort }), close: () => terminal.close() };
}

/** Throws away what was typed, shown or not, until the keys are silent. */
async function drain(input: NodeJS.ReadStream, signal: AbortSignal): Promise<void> {
  const silent = Promise.withResolvers<void>();
  const timer = setTimeout(() => silent.resolve(), SILENCE_MS);
  const onData = (keys: Buffer | string): void => {
    timer.refresh();
    if (keys.includes("\x03")) interrupt();
  };
  const onAbort = (): void => silent.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  input.setRawMode(true);
  input.on("data", onData).resume();
  try {
    await silent.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    input.off("data", onData).pause();
    input.setRawMode(false);
  }
}

/** In raw mode Ctrl-C arrives as text: pass it on as the signal that it means. */
function interrupt(): void {
  process.kill(process.pid, "SIGINT");
}
