// Profiles: what one may say, and its application. Maps merge, lists replace; a profile only narrows. It may lower
// limits, drop ways to ask, drop allow rules, add ask and deny rules, record more, and set plain values of `env`.
// Anything that grants more or records less is refused when the manifest is read, whether the profile is used or not.

import type { JsonObject, JsonValue } from "../base/json.ts";
import { canonicalJson, isJsonObject } from "../base/json.ts";
import { DEFAULT_SESSION_LIMITS } from "../base/limits.ts";
import { parseRate } from "../base/units.ts";
import { nearest } from "../base/nearest.ts";
import type { AuditLevel } from "../kinds/contract.ts";
import type { Authored, AuthoredGrant, AuthoredGrantLimits, AuthoredProfile } from "./form.ts";
import { applyLimits, raisedLimits } from "./limits.ts";
import { entries, member } from "./members.ts";
import { step, type Findings, type Report } from "./problems.ts";

const AUDIT_ORDER: readonly AuditLevel[] = ["none", "digest", "full"];
export const DEFAULT_AUDIT: AuditLevel = "full";
export const DEFAULT_VIA: readonly "tty"[] = ["tty"];

/**
 * Reports PROFILE_GRANTS_MORE for everything in which a profile is wider than the manifest. Looks at each part that is
 * sound on both sides: the manifest keeps to its type but where `found` has an error.
 */
export function checkProfiles(manifest: Authored, found: Findings, report: Report): void {
  const profiles = isJsonObject(manifest.profiles) ? manifest.profiles : {};
  const listed = !found.hasErrorAt("/capabilities");
  // Where the manifest's own level is malformed, nothing is known to record less.
  const level = found.hasErrorUnder("/audit") ? "none" : (manifest.audit?.default ?? DEFAULT_AUDIT);
  for (const [name, profile] of Object.entries(profiles)) {
    const at = `/profiles${step(name)}`;
    if (found.hasErrorAt(at)) continue;
    const refuse: Refuse = (pointer, message, mend) =>
      report({ code: "PROFILE_GRANTS_MORE", pointer: at + pointer, message, ...(mend === undefined ? {} : { mend }) });
    const sound: Sound = (part) => !found.hasErrorUnder(part) && !found.hasErrorUnder(at + part);
    checkSession(manifest, profile, sound, refuse);
    for (const [grant, narrowed] of entries(profile.capabilities)) {
      const pointer = `/capabilities${step(grant)}`;
      const whole = member(manifest.capabilities, grant) as AuthoredGrant | undefined;
      if (whole === undefined && listed) refuseUnknown(manifest, grant, pointer, refuse);
      if (whole === undefined || !sound(pointer)) continue;
      checkGrant(whole, level, narrowed as JsonObject, pointer, refuse);
    }
  }
}

type Refuse = (pointer: string, message: string, mend?: string) => void;
type Sound = (part: string) => boolean;

function refuseUnknown(manifest: Authored, grant: string, pointer: string, refuse: Refuse): void {
  const near = nearest(grant, Object.keys(manifest.capabilities ?? {}));
  const mend = near === undefined ? "Add the grant to the manifest itself." : `Did you mean ${near}?`;
  refuse(pointer, `the manifest has no grant ${grant}`, mend);
}

function checkSession(manifest: Authored, profile: AuthoredProfile, sound: Sound, refuse: Refuse): void {
  if (sound("/approvals")) {
    const via = manifest.approvals?.via ?? DEFAULT_VIA;
    for (const [index, way] of (profile.approvals?.via ?? []).entries()) {
      if (!via.includes(way)) refuse(`/approvals/via/${index}`, `the manifest does not ask via ${way}`);
    }
  }
  if (sound("/limits")) {
    const limits = applyLimits(DEFAULT_SESSION_LIMITS, manifest.limits);
    for (const { key, spelled } of raisedLimits(limits, applyLimits(limits, profile.limits))) {
      refuse(`/limits/${key}`, `limits.${key} is higher than the manifest's ${spelled}`, `Write at most ${spelled}.`);
    }
  }
  if (sound("/env")) {
    for (const [variable, value] of Object.entries(profile.env ?? {})) {
      if (!value.includes("${") || member(manifest.env, variable) === value) continue;
      const mend = "Put it into env of the manifest itself.";
      refuse(`/env${step(variable)}`, "a profile adds no placeholder of a secret", mend);
    }
  }
  const audit = profile.audit?.default;
  if (sound("/audit") && audit !== undefined && isLess(audit, manifest.audit?.default ?? DEFAULT_AUDIT))
    refuse("/audit/default", `audit ${audit} records less than the manifest`);
}

function isLess(a: AuditLevel, b: AuditLevel): boolean {
  return AUDIT_ORDER.indexOf(a) < AUDIT_ORDER.indexOf(b);
}

function listOf(grant: JsonObject, key: string): readonly JsonValue[] {
  const list = grant[key];
  return Array.isArray(list) ? (list as readonly JsonValue[]) : [];
}

function texts(list: readonly JsonValue[]): ReadonlySet<string> {
  return new Set(list.map(canonicalJson));
}

function checkGrant(whole: AuthoredGrant, level: AuditLevel, narrowed: JsonObject, at: string, refuse: Refuse): void {
  if (narrowed["allow"] !== undefined) {
    const known = texts(listOf(whole, "allow"));
    for (const [index, rule] of listOf(narrowed, "allow").entries()) {
      if (!known.has(canonicalJson(rule)))
        refuse(`${at}/allow/${index}`, "this rule is not under allow of the grant itself");
    }
  }
  for (const key of ["ask", "deny"]) {
    if (narrowed[key] === undefined) continue;
    const kept = texts(listOf(narrowed, key));
    const lost = listOf(whole, key).filter((rule) => !kept.has(canonicalJson(rule)));
    if (lost.length > 0) {
      refuse(
        `${at}/${key}`,
        `${lost.length} of the grant's own ${key} rules is missing`,
        "Repeat the grant's own rules, then add yours.",
      );
    }
  }
  const own = (whole["audit"] ?? level) as AuditLevel;
  const audit = narrowed["audit"] as AuditLevel | undefined;
  if (audit !== undefined && isLess(audit, own))
    refuse(`${at}/audit`, `audit ${audit} records less than the grant's ${own}`);
  checkGrantLimits(whole, narrowed, at, refuse);
}

function checkGrantLimits(whole: JsonObject, narrowed: JsonObject, at: string, refuse: Refuse): void {
  const own = (whole["limits"] ?? {}) as AuthoredGrantLimits;
  const said = (narrowed["limits"] ?? {}) as AuthoredGrantLimits;
  if (said.calls !== undefined && said.calls > (own.calls ?? Infinity))
    refuse(`${at}/limits/calls`, `limits.calls is higher than the grant's ${own.calls}`);
  const ownRate = own.rate === undefined ? undefined : parseRate(own.rate);
  const rate = said.rate === undefined ? undefined : parseRate(said.rate);
  if (ownRate === undefined || rate === undefined) return;
  // Two windows compare plainly only where one allows no more calls in no less time.
  if (rate.count > ownRate.count || rate.perMs < ownRate.perMs)
    refuse(
      `${at}/limits/rate`,
      `limits.rate is not plainly lower than the grant's ${own.rate}`,
      "Keep the unit, and lower the number.",
    );
}

/** A manifest with a profile applied, and where the parts came from that it replaced: resolved pointer to the file's. */
export interface Profiled {
  readonly authored: Authored;
  readonly moved: readonly (readonly [resolved: string, source: string])[];
}

/** Applies a profile that `checkProfiles` has found to narrow. */
export function applyProfile(manifest: Authored, name: string, profile: AuthoredProfile): Profiled {
  const moved: [string, string][] = [];
  const from = `/profiles${step(name)}`;
  const authored = merge(manifest as unknown as JsonObject, profile as unknown as JsonObject, "", (pointer) =>
    moved.push([pointer, from + pointer]),
  );
  return { authored: authored as unknown as Authored, moved };
}

function merge(base: JsonObject, over: JsonObject, pointer: string, onReplaced: (pointer: string) => void): JsonObject {
  const merged: Record<string, JsonValue> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const known = member(base, key);
    if (isJsonObject(value) && isJsonObject(known)) merged[key] = merge(known, value, pointer + step(key), onReplaced);
    else {
      merged[key] = value;
      onReplaced(pointer + step(key));
    }
  }
  return merged;
}
