// Resolve: a manifest with its defaults filled in and one profile applied, as data with a canonical form (RFC 8785) and
// a digest: the identity of what a session runs under. Placeholders of secrets are left as they are. What a kind fills
// in for its own keys is not part of it: that belongs to the version of the program, which the record names.

import { type Hasher, type HexDigest, pureHasher, sha256Hex } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { CapabilityName } from "../base/ids.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../base/json.ts";
import { DEFAULT_SESSION_LIMITS } from "../base/limits.ts";
import { parseRate } from "../base/units.ts";
import type { AuditLevel, GrantLimits, RuleRef } from "../kinds/contract.ts";
import type {
  Authored,
  AuthoredGrant,
  AuthoredGrantLimits,
  Manifest,
  ResolvedGrant,
  ResolvedManifest,
} from "./form.ts";
import { applyLimits } from "./limits.ts";
import { nearest } from "../base/nearest.ts";
import { applyProfile, DEFAULT_AUDIT, DEFAULT_VIA, type Profiled } from "./profile.ts";

export interface Resolution {
  readonly manifest: Manifest;
  readonly resolved: ResolvedManifest;
  /** RFC 8785. */
  readonly canonical: string;
  /** Of the UTF-8 of `canonical`. */
  readonly sha256: HexDigest;
  /** A pointer into the resolved manifest, and the line and column of the file that it comes from. */
  readonly at: (pointer: string) => RuleRef;
  /** The file's own pointer for a pointer into the resolved manifest: another one where the profile put it there. */
  readonly sourceOf: (pointer: string) => string;
}

/** Resolves a manifest under a profile, or under none. @throws EnclosureError PROFILE_UNKNOWN */
export function resolveManifest(manifest: Manifest, profile?: string, hasher: Hasher = pureHasher): Resolution {
  const { authored, moved } = profiled(manifest, profile);
  const resolved = fillIn(authored, profile ?? null);
  const canonical = canonicalJson(resolved as unknown as JsonValue);
  const sourceOf = (pointer: string): string => {
    const from = moved.find(([prefix]) => pointer === prefix || pointer.startsWith(`${prefix}/`));
    return from === undefined ? pointer : from[1] + pointer.slice(from[0].length);
  };
  const at = (pointer: string): RuleRef => ({ ...manifest.at(sourceOf(pointer)), pointer });
  return { manifest, resolved, canonical, sha256: sha256Hex(canonical, hasher), at, sourceOf };
}

function profiled({ authored, file, at }: Manifest, name: string | undefined): Profiled {
  if (name === undefined) return { authored, moved: [] };
  const profiles = authored.profiles ?? {};
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return applyProfile(authored, name, profile);
  const known = Object.keys(profiles);
  const near = nearest(name, known);
  const { line, column } = at("/profiles");
  throw new EnclosureError("PROFILE_UNKNOWN", `${file} has no profile ${JSON.stringify(name)}`, {
    location: { file, line, column },
    ...(known.length === 0
      ? { mend: "Run without --profile; the manifest has no profiles." }
      : { mend: near === undefined ? `Its profiles are: ${known.join(", ")}.` : `Did you mean ${near}?` }),
  });
}

function fillIn(authored: Authored, profile: string | null): ResolvedManifest {
  const { enclosure, name, version, owner = null, author = null, purpose = null } = authored;
  const level = authored.audit?.default ?? DEFAULT_AUDIT;
  const grants = Object.entries(authored.capabilities ?? {});
  return {
    enclosure,
    name,
    version,
    owner,
    author,
    purpose,
    profile,
    agent: {
      entry: authored.agent?.entry ?? null,
      input: authored.agent?.input ?? true,
      output: authored.agent?.output ?? true,
    },
    limits: applyLimits(DEFAULT_SESSION_LIMITS, authored.limits),
    env: authored.env ?? {},
    secrets: authored.secrets ?? {},
    // The grammar's pattern of names is that of a capability's name.
    capabilities: Object.fromEntries(grants.map(([key, grant]) => [key, fillInGrant(grant, level)])) as Record<
      CapabilityName,
      ResolvedGrant
    >,
    approvals: { via: authored.approvals?.via ?? DEFAULT_VIA, otherwise: "deny" },
    audit: { default: level },
  };
}

function fillInGrant(grant: AuthoredGrant, level: AuditLevel): ResolvedGrant {
  const { use, audit, labels: _empty, ...keys } = grant;
  const { calls, rate, ...limits } = (grant["limits"] ?? {}) as AuthoredGrantLimits & JsonObject;
  const parsed = rate === undefined ? undefined : parseRate(rate);
  const common: GrantLimits = {
    ...(calls === undefined ? {} : { calls }),
    ...(parsed === undefined ? {} : { rate: parsed }),
  };
  const own: JsonObject = { ...keys, ...(grant["limits"] === undefined ? {} : { limits }) };
  return { use, audit: (audit as AuditLevel | undefined) ?? level, limits: common, own };
}
