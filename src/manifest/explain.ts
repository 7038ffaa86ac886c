// Explain: a manifest in sentences, for whoever has to answer for it. The riskiest first: what cannot be undone, then
// what writes, then what reads; what is simply allowed before what a person is asked for, and before what is denied.

import { spellDuration, spellSize } from "../base/units.ts";
import type { AuditLevel, Effect, KindName, Sentence } from "../kinds/contract.ts";
import type { CompiledGrants } from "./grants.ts";
import type { Resolution } from "./resolve.ts";

/** One sentence about one rule, with its place. */
export interface ManifestSentence extends Sentence {
  readonly capability: string;
  readonly kind: KindName;
  readonly audit: AuditLevel;
}

export interface Explanation {
  /** For people: plain text, one sentence a line. */
  readonly text: string;
  /** The rules, the riskiest first. */
  readonly sentences: readonly ManifestSentence[];
}

const EFFECTS: readonly Effect[] = ["irreversible", "write", "read"];
const VERDICTS: readonly Sentence["verdict"][] = ["allow", "ask", "deny"];
const EFFECT_WORDS: Record<Effect, string> = {
  irreversible: "What cannot be undone:",
  write: "What changes something:",
  read: "What only reads:",
};

/** Says what a manifest grants, with the profile that it was resolved under. */
export function explainManifest(resolution: Resolution, { compiled, grants }: CompiledGrants): Explanation {
  const sentences = [...compiled].flatMap(([capability, kind]) => {
    const grant = grants.get(capability);
    if (grant === undefined) return [];
    return kind.explain().map((one) => ({ ...one, capability, kind: grant.kind, audit: grant.audit }));
  });
  sentences.sort(
    (a, b) =>
      EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) ||
      VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
      a.rule.line - b.rule.line,
  );
  const blocks = [
    introduction(resolution),
    ...EFFECTS.map((effect) => ruleBlock(effect, sentences)),
    bounds(resolution),
  ];
  return { text: `${blocks.filter((block) => block !== "").join("\n\n")}\n`, sentences };
}

function introduction({ resolved }: Resolution): string {
  const { name, version, owner, purpose, profile } = resolved;
  const under = profile === null ? "" : `, under the profile ${profile}`;
  const lines = [
    `${name} ${version}${under}`,
    purpose === null ? "No purpose is stated." : purpose.trim(),
    owner === null ? "Nobody is named as its owner." : `${owner} answers for it.`,
  ];
  if (Object.keys(resolved.capabilities).length === 0) lines.push("It is granted nothing: it can only compute.");
  return lines.join("\n");
}

function ruleBlock(effect: Effect, sentences: readonly ManifestSentence[]): string {
  const own = sentences.filter((one) => one.effect === effect);
  if (own.length === 0) return "";
  const lines = own.map(({ capability, kind, text, rule }) => `  ${capability} (${kind}) ${text}  [line ${rule.line}]`);
  return [EFFECT_WORDS[effect], ...lines].join("\n");
}

function bounds({ resolved }: Resolution): string {
  const { limits, secrets, env, approvals, capabilities } = resolved;
  const lines = ["Whatever is not listed is denied."];
  if (Object.values(capabilities).some(({ use }) => use === "module"))
    lines.push(
      "Functions of kind module are the operator's own code, outside the enclosure; what they say is their claim.",
    );
  for (const [name, { from, hosts }] of Object.entries(secrets))
    lines.push(`The secret ${name} (${from}) is used towards ${hosts.join(", ")} only; the agent never has its value.`);
  const names = Object.keys(env);
  if (names.length > 0) lines.push(`Its environment has ${names.join(", ")}.`);
  lines.push(
    approvals.via.length === 0
      ? "Nobody can be asked: what needs an approval is denied."
      : `Approvals are asked for on the terminal; without one they are denied.`,
    `It may run ${spellDuration(limits.wallMs)}, use ${spellDuration(limits.cpuMs)} of processor time and ` +
      `${spellSize(limits.memoryBytes)} of memory, and make ${limits.calls} calls, ${limits.inFlight} at once.`,
    ...Object.entries(capabilities).flatMap(([name, { audit }]) => {
      if (audit === "full") return [];
      const kept = audit === "none" ? "nothing" : "only the digests";
      return [`Of the arguments and results of ${name}, the record keeps ${kept}.`];
    }),
  );
  return lines.join("\n");
}
