// The verdict on one call of the kind fs: mounts first (they are the allow list), then deny, then ask. Total.

import type { CallRequest, RuleRef, RuleVerdict, Target } from "../contract.ts";
import { type FsCall, type Place, readFsCall } from "./call.ts";
import type { Mount } from "./kind.ts";
import { PathError } from "./paths.ts";
import { type FsRule, matchesFsCall } from "./rules.ts";

export type Mounts = ReadonlyMap<string, { readonly mount: Mount; readonly ref: RuleRef }>;

export interface FsRuling {
  readonly rules: { readonly ask: readonly FsRule[]; readonly deny: readonly FsRule[] };
  readonly mounts: Mounts;
  readonly at: RuleRef;
  /** "capabilities.files", for the mend. */
  readonly dotted: string;
}

type Denial = Extract<RuleVerdict, { verdict: "deny" }>;

const UNLISTED: Target = { kind: "fs", name: "(unlisted)" };
const SHOWN_CHARS_MAX = 200;

export function decideFsCall({ fn, args }: CallRequest, ruling: FsRuling): RuleVerdict {
  const { effect } = fn;
  const call = read(fn.name, args, ruling);
  const deny = (code: Denial["code"], rule: RuleRef, message: string, mend: string, target = UNLISTED): Denial => ({
    verdict: "deny",
    code,
    rule,
    effect,
    target,
    message,
    mend,
  });
  if (call instanceof PathError)
    return deny("ARGUMENT_INVALID", ruling.at, call.message, 'write an absolute path such as "/in/a.txt"');
  const target = targetOf(call);
  const denying = ruling.rules.deny.find((rule) => matchesFsCall(rule, call, args));
  if (denying !== undefined) {
    const mend = `no approval lifts a deny rule; change ${ruling.dotted}.deny if the agent should be able to do this`;
    return deny(
      "RULE_DENIED",
      denying.ref,
      `${fn.name} ${shown(call)} is denied by the rule about "${denying.text}"`,
      mend,
      target,
    );
  }
  for (const place of call.places) {
    const problem = ungranted(place, ruling);
    if (problem !== undefined) return deny("RULE_FAILED", problem.rule, problem.message, problem.mend, target);
  }
  const { ref } = ruling.mounts.get(target.name) as { readonly ref: RuleRef };
  const asking = ruling.rules.ask.find((rule) => matchesFsCall(rule, call, args));
  if (asking !== undefined) return { verdict: "ask", rule: asking.ref, effect, target, timeoutMs: asking.timeoutMs };
  return { verdict: "allow", rule: ref, effect, target };
}

function read(fn: string, args: CallRequest["args"], { mounts }: FsRuling): FsCall | PathError {
  try {
    return readFsCall(fn, args, mounts.keys());
  } catch (error) {
    if (error instanceof PathError) return error;
    throw error;
  }
}

/** The mount that is changed, or read: the manifest's own word. Of a move, the one that it moves to. */
function targetOf(call: FsCall): Target {
  if (call.places.some((place) => place.mount === undefined)) return UNLISTED;
  return { kind: "fs", name: (call.places.at(-1) as Place).mount as string };
}

function ungranted(
  place: Place,
  { mounts, at, dotted }: FsRuling,
): { readonly rule: RuleRef; readonly message: string; readonly mend: string } | undefined {
  const found = place.mount === undefined ? undefined : mounts.get(place.mount);
  if (found === undefined) {
    const message = `"${bounded(place.path)}" is in no mount; there are: ${[...mounts.keys()].join(", ")}`;
    return { rule: at, message, mend: `add a mount under ${dotted}.mounts` };
  }
  if (!place.changes || found.mount.access === "rw") return undefined;
  return {
    rule: found.ref,
    message: `the mount ${place.mount} is read only`,
    mend: `write "access: rw" under ${dotted}.mounts for ${place.mount}`,
  };
}

function shown(call: FsCall): string {
  return call.places.map((place) => `"${bounded(place.path)}"`).join(" to ");
}

function bounded(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
