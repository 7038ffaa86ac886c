// The forms of a manifest: as authored (parsed, valid, positions at hand) and resolved (defaults filled in, one profile
// applied, units as numbers, placeholders left). Types only.

import type { HexDigest } from "../base/bytes.ts";
import type { CapabilityName } from "../base/ids.ts";
import type { JsonObject } from "../base/json.ts";
import type { SessionLimits } from "../base/limits.ts";
import type { AuditLevel, GrantLimits, JsonSchema, KindName, RuleRef } from "../kinds/contract.ts";

export interface AuthoredLimits {
  readonly wall?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly calls?: number;
  readonly inFlight?: number;
  readonly timers?: number;
  readonly argument?: string;
  readonly result?: string;
  readonly log?: string;
}

/** Authored limits of a grant: the common two; the kind's own stand beside them. */
export interface AuthoredGrantLimits {
  readonly calls?: number;
  readonly rate?: string;
}

/** The common keys of a grant; the kind's own stand beside them. */
export interface AuthoredGrant extends JsonObject {
  readonly use: KindName;
}

export interface SecretSource {
  /** "env:VARIABLE" or "file:PATH"; the path is relative to the manifest's folder. */
  readonly from: string;
  /** The only hosts towards which the value may be sent. */
  readonly hosts: readonly string[];
}

export interface Approvals {
  readonly via?: readonly "tty"[];
  readonly otherwise?: "deny";
}

/** What a profile may say: only what narrows. */
export interface AuthoredProfile {
  readonly approvals?: Approvals;
  readonly limits?: AuthoredLimits;
  readonly env?: Readonly<Record<string, string>>;
  readonly audit?: { readonly default?: AuditLevel };
  readonly capabilities?: Readonly<Record<string, JsonObject>>;
}

/** The keys of the file, as authored. What this version does not enforce has been refused. */
export interface Authored {
  readonly enclosure: 1;
  readonly name: string;
  readonly version: string;
  readonly owner?: string;
  readonly author?: string;
  readonly purpose?: string;
  readonly agent?: { readonly entry?: string; readonly input?: JsonSchema; readonly output?: JsonSchema };
  readonly limits?: AuthoredLimits;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, SecretSource>>;
  readonly capabilities?: Readonly<Record<string, AuthoredGrant>>;
  readonly approvals?: Approvals;
  readonly audit?: { readonly default?: AuditLevel };
  readonly profiles?: Readonly<Record<string, AuthoredProfile>>;
}

/** A manifest without errors. Made by `parseManifest`. */
export interface Manifest {
  /** Its path as it was named; only for messages. */
  readonly file: string;
  /** SHA-256 of the file's bytes, as `sha256sum` prints it. */
  readonly fileSha256: HexDigest;
  readonly authored: Authored;
  /** Where a pointer into the file stands. */
  readonly at: (pointer: string) => RuleRef;
}

export interface ResolvedGrant {
  readonly use: KindName;
  readonly audit: AuditLevel;
  readonly limits: GrantLimits;
  /** The grant as authored, with the profile's lists and limits: what the kind compiles. */
  readonly own: JsonObject;
}

/** What a session is run under, as plain data. */
export interface ResolvedManifest {
  readonly enclosure: 1;
  readonly name: string;
  readonly version: string;
  readonly owner: string | null;
  readonly author: string | null;
  readonly purpose: string | null;
  readonly profile: string | null;
  readonly agent: {
    readonly entry: string | null;
    readonly input: JsonSchema;
    readonly output: JsonSchema;
  };
  readonly limits: SessionLimits;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
  readonly capabilities: Readonly<Record<CapabilityName, ResolvedGrant>>;
  readonly approvals: { readonly via: readonly "tty"[]; readonly otherwise: "deny" };
  readonly audit: { readonly default: AuditLevel };
}
