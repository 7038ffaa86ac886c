// Tells a run while it runs: one line a call once it has ended, refusals with the manifest's line, and what the agent
// says, always marked as the agent's. Lines wait while a person is being asked, so that no agent's text can stand
// between a question and its answer.

import type { LiveEvent } from "../session/contract.ts";
import type { Page } from "./page.ts";
import { clipped, displayWidth, visible, visibleLines } from "./visible.ts";
import { printMend, printPlace, printWarning } from "./voice.ts";
import { shownDuration, shownMark } from "./words.ts";

/** Columns for what a call is about, where the page has no bound of its own. */
const WIDTH_MAX = 120;

/** Begins the rows on which what is told of a call goes on. */
const BELOW = "      | ";

export interface Live {
  readonly tell: (event: LiveEvent) => void;
  /** Keeps lines back until the returned function is called. */
  hold(): () => void;
}

export function makeLive(page: Page): Live {
  const waiting: LiveEvent[] = [];
  let holds = 0;
  return {
    tell: (event) => {
      if (holds === 0) printEvent(page, event);
      else waiting.push(event);
    },
    hold: () => {
      holds++;
      return () => {
        if (--holds === 0) for (const event of waiting.splice(0)) printEvent(page, event);
      };
    },
  };
}

function printEvent(page: Page, event: LiveEvent): void {
  switch (event.type) {
    case "opened":
      return;
    case "warning":
      printWarning(page, event.message, event.code);
      printPlace(page, event);
      return printMend(page, event.mend);
    case "note":
      return printAgentText(page, "note", event.text);
    case "log":
      return printAgentText(page, event.level, event.text);
    case "call":
      return printCall(page, event);
  }
}

/** What the agent claims: behind a bar, in another shade, and never without saying whose words they are. */
function printAgentText(page: Page, kind: string, text: string): void {
  const head = page.paint("dim", `    agent ${kind} | `);
  for (const line of visibleLines(text)) page.foreign(head, [{ text: line, style: "dim" }]);
}

function printCall(page: Page, event: Extract<LiveEvent, { type: "call" }>): void {
  // An admitted call is told when its outcome is known.
  if (event.state === "admitted") return;
  const { call, capability, argumentsText, target, state, durationMs } = event;
  const name = visible(`${capability}.${event.function}`);
  const head = `${event.parent === undefined ? String(call).padStart(3) : "  ↳"} ${name}`;
  const tail = [visible(target?.name ?? ""), durationMs === undefined ? "" : shownDuration(durationMs), outcome(event)];
  const after = tail.filter((part) => part !== "" && part !== name).join("  ");
  const room = Math.min(page.columns, WIDTH_MAX) - displayWidth(head) - displayWidth(after) - 6;
  const args = clipped(visible(argumentsText), Math.max(room, 12));
  const rest = after === "" ? "" : `  ${after}`;
  page.foreign(
    `${shownMark(page, state)} `,
    [{ text: `${head} ` }, { text: args, style: "dim" }, { text: rest }],
    BELOW,
  );
  if (state === "denied" || state === "failed" || state === "unknown") printReason(page, event);
}

function outcome({ state, code }: Extract<LiveEvent, { type: "call" }>): string {
  if (state === "confirmed") return "";
  if (state === "held") return "waits for approval";
  const word = { denied: "refused", failed: "failed", unknown: "outcome unknown", admitted: "" }[state];
  return code === undefined ? word : `${word} [${visible(code)}]`;
}

function printReason(page: Page, { message, mend, rule, manifest }: Extract<LiveEvent, { type: "call" }>): void {
  if (message !== undefined) page.foreign("      ", visible(message), BELOW);
  if (mend === undefined || mend === "") return;
  const place = rule === undefined ? "" : ` (${visible(manifest)}:${rule.line})`;
  page.foreign(`      ${page.paint("green", "mend:")} `, visible(mend) + place, BELOW);
}
