// Limits: what `limits` of a manifest says, as numbers within base/limits. A limit beyond its bounds is refused, not
// clipped.

import { MANIFEST_LIMITS, type SessionLimitName, type SessionLimits } from "../base/limits.ts";
import { parseDuration, parseSize, spellDuration, spellSize } from "../base/units.ts";
import type { AuthoredLimits } from "./form.ts";
import type { Report } from "./problems.ts";

interface LimitKey {
  readonly name: SessionLimitName;
  readonly parse: (text: string) => number | undefined;
  readonly spell: (value: number) => string;
}

const duration = (name: SessionLimitName): LimitKey => ({ name, parse: parseDuration, spell: spellDuration });
const size = (name: SessionLimitName): LimitKey => ({ name, parse: parseSize, spell: spellSize });
const count = (name: SessionLimitName): LimitKey => ({ name, parse: Number, spell: String });

/** The manifest's keys under `limits`, and the session's limit that each sets. */
const LIMIT_KEYS: { readonly [Key in keyof AuthoredLimits]-?: LimitKey } = {
  wall: duration("wallMs"),
  cpu: duration("cpuMs"),
  memory: size("memoryBytes"),
  calls: count("calls"),
  inFlight: count("inFlight"),
  timers: count("timers"),
  argument: size("argumentBytes"),
  result: size("resultBytes"),
  log: size("logBytes"),
};

/** `over` with what `limits` says in its place; the text has been validated. */
export function applyLimits(over: SessionLimits, limits: AuthoredLimits = {}): SessionLimits {
  const applied: Record<SessionLimitName, number> = { ...over };
  for (const [key, { name, parse }] of Object.entries(LIMIT_KEYS)) {
    const said = limits[key as keyof AuthoredLimits];
    const value = said === undefined ? undefined : parse(String(said));
    if (value !== undefined) applied[name] = value;
  }
  return applied;
}

/** Reports MANIFEST_LIMIT_INVALID for every limit that is out of bounds. */
export function checkLimits(limits: AuthoredLimits | undefined, pointer: string, report: Report): void {
  for (const [key, { name, parse, spell }] of Object.entries(LIMIT_KEYS)) {
    const said = limits?.[key as keyof AuthoredLimits];
    if (said === undefined) continue;
    const value = parse(String(said));
    const { min, max } = MANIFEST_LIMITS[name];
    if (value !== undefined && value >= min && value <= max) continue;
    const words = `${spell(min)} to ${spell(max)}`;
    report({
      code: "MANIFEST_LIMIT_INVALID",
      pointer: `${pointer}/${key}`,
      message: `limits.${key}: ${said} is not within ${words}`,
      mend: `Write a limit from ${words}.`,
    });
  }
}

/** The manifest's key and spelling of each limit of `narrowed` that is higher than in `whole`. */
export function raisedLimits(
  whole: SessionLimits,
  narrowed: SessionLimits,
): readonly { key: string; spelled: string }[] {
  return Object.entries(LIMIT_KEYS)
    .filter(([, { name }]) => narrowed[name] > whole[name])
    .map(([key, { name, spell }]) => ({ key, spelled: spell(whole[name]) }));
}
