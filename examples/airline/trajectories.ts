// The recorded runs: what each agent said, which tools it called, and what they answered.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface RecordedCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The tool's answer: JSON, or a text. */
  readonly answer: string;
}

/** What the agent did, in its order: said something, or called a tool. */
export type Step = { readonly say: string } | { readonly call: RecordedCall };

export interface RecordedRun {
  /** "task-trial", unique among the runs. */
  readonly id: string;
  readonly userId: string;
  readonly steps: readonly Step[];
}

interface RawMessage {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[] | null;
}

interface RawRun {
  readonly task_id: number;
  readonly trial: number;
  readonly info: { readonly task: { readonly user_id: string } };
  readonly traj: readonly RawMessage[];
}

/** All runs of `trajectories.json` in `folder`. */
export function loadRuns(folder: string): readonly RecordedRun[] {
  const raw = JSON.parse(readFileSync(join(folder, "trajectories.json"), "utf8")) as readonly RawRun[];
  return raw.map((run) => ({
    id: `${run.task_id}-${run.trial}`,
    userId: run.info.task.user_id,
    steps: [...stepsOf(run.traj)],
  }));
}

function* stepsOf(messages: readonly RawMessage[]): Iterable<Step> {
  for (const [index, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    if (message.content) yield { say: message.content };
    for (const [offset, call] of (message.tool_calls ?? []).entries()) {
      const answer = messages[index + 1 + offset]?.content ?? "";
      yield {
        call: { tool: call.function.name, args: JSON.parse(call.function.arguments) as RecordedCall["args"], answer },
      };
    }
  }
}

export function callsOf(run: RecordedRun): readonly RecordedCall[] {
  return run.steps.flatMap((step) => ("call" in step ? [step.call] : []));
}

/** Whether a tool's result is the recorded answer: the same text, or the same JSON with its members in the same order. */
export function equalsAnswer(result: unknown, answer: string): boolean {
  if (typeof result === "string") return result === answer;
  try {
    return JSON.stringify(result) === JSON.stringify(JSON.parse(answer));
  } catch {
    return false;
  }
}
