// Asks the person at the terminal about a call that the manifest holds. One question at a time; what is shown is the
// exact argument, with nothing hidden in it; a line that does not begin with a plain yes is a no.

import { createInterface, type Interface } from "node:readline/promises";
import type { ApprovalAnswer, ApprovalChannel, ApprovalRequest } from "../session/contract.ts";
import type { Live } from "./live.ts";
import type { Page } from "./page.ts";
import { visible } from "./visible.ts";
import { shownDuration } from "./words.ts";

/** Longest reason that is taken into the record, in UTF-16 units. */
const REASON_CHARS_MAX = 1000;

/** The channel, where there is a person: standard input and standard error are both a terminal. */
export function terminalApprovals(page: Page, live: Live, input: NodeJS.ReadStream): ApprovalChannel | undefined {
  if (!page.terminal || !input.isTTY) return undefined;
  return makeApprovals(page, live, () => openTerminal(input));
}

/** Where a question is put; a terminal, in a live run. */
export interface Questioner {
  question(text: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

export function makeApprovals(page: Page, live: Live, open: () => Questioner): ApprovalChannel {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: "tty",
    ask: (request, signal) => {
      const answer = last.then(() => askOne(page, live, open, request, signal));
      last = answer.catch(() => {});
      return answer;
    },
  };
}

async function askOne(
  page: Page,
  live: Live,
  open: () => Questioner,
  request: ApprovalRequest,
  signal: AbortSignal,
): Promise<ApprovalAnswer> {
  signal.throwIfAborted();
  const release = live.hold();
  const questioner = open();
  try {
    showRequest(page, request);
    return readAnswer(await questioner.question("  allow this call? [y/N, and a reason if you have one] ", signal));
  } catch (error) {
    if (signal.aborted) page.line("\n  (no longer asked)");
    throw error;
  } finally {
    questioner.close();
    release();
  }
}

/** One line, so that nothing can come between an answer and its reason: the first word decides, the rest says why. */
function readAnswer(line: string): ApprovalAnswer {
  const [, word = "", rest = ""] = /^\s*(?:(yes|y|no|n)(?![^\s.,:;]))?[\s.,:;]*(.*?)\s*$/isu.exec(line) ?? [];
  const reason = rest.slice(0, REASON_CHARS_MAX).toWellFormed();
  const granted = word.toLowerCase().startsWith("y");
  return reason === "" ? { granted } : { granted, reason };
}

/** Everything here but the labels is foreign text. */
function showRequest(page: Page, request: ApprovalRequest): void {
  const { agent, call, capability, effect, target, rule, argumentsText, timeoutMs } = request;
  const row = (label: string, text: string): void => page.line(`  ${page.paint("dim", label.padEnd(10))}${text}`);
  page.line();
  page.line(page.paint("bold", `enclosure: agent ${visible(agent)} asks to ${verb(effect)}`));
  row("call", `${call}  ${visible(`${capability}.${request.function}`)}`);
  row("target", visible(`${target.kind} ${target.name}`));
  row("rule", visible(`${rule.pointer} (line ${rule.line})`));
  row("argument", visible(argumentsText));
  row("timeout", shownDuration(timeoutMs));
}

function verb(effect: ApprovalRequest["effect"]): string {
  return { read: "read", write: "write", irreversible: "do what cannot be undone" }[effect];
}

function openTerminal(input: NodeJS.ReadStream): Questioner {
  const terminal: Interface = createInterface({ input, output: process.stderr, terminal: true, historySize: 0 });
  // In raw mode the key arrives as text: pass it on as the signal that it means.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  return { question: (text, signal) => terminal.question(text, { signal }), close: () => terminal.close() };
}
