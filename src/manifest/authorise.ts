// Authorise: the only maker of an AuthorisedManifest, the one thing that a session can be opened under.
// In this version authorising means: no error in the manifest, its rules or its profile, and a lock that matches where
// there is one.

import type { HexDigest } from "../base/bytes.ts";
import { EnclosureError, type Problem } from "../base/errors.ts";
import type { CapabilityName } from "../base/ids.ts";
import type { CompiledGrant } from "../kinds/contract.ts";
import type { CompiledGrants } from "./grants.ts";
import { compareLock, type Lock, type LockedModule } from "./lock.ts";
import { mergeProblems } from "./problems.ts";
import type { Resolution } from "./resolve.ts";

declare const authorised: unique symbol;

/** A manifest that a session may run under. */
export interface AuthorisedManifest {
  readonly [authorised]: true;
  readonly resolution: Resolution;
  readonly grants: ReadonlyMap<CapabilityName, CompiledGrant>;
  readonly profile: string | null;
  /** SHA-256 of the manifest file's bytes. */
  readonly fileSha256: HexDigest;
  /** Digest of the resolved manifest's canonical form, with the profile applied. */
  readonly resolvedSha256: HexDigest;
  /** SHA-256 of the lock file's bytes; null where there is no lock. */
  readonly lockSha256: HexDigest | null;
  /** What is wrong with it and does not stop it. */
  readonly warnings: readonly Problem[];
}

export interface Authority {
  readonly resolution: Resolution;
  /** Compiled with the function tables of the loaded modules. */
  readonly compiled: CompiledGrants;
  readonly lock: Lock | undefined;
  /** The host modules as they were loaded, by capability. */
  readonly loaded: ReadonlyMap<string, LockedModule>;
  /** Warnings of the parse, to be told along. */
  readonly problems: readonly Problem[];
}

/**
 * Authorises a run. @throws EnclosureError MANIFEST_INVALID, or LOCK_MISMATCH where nothing else is wrong, with every
 * problem.
 */
export function authorise({ resolution, compiled, lock, loaded, problems }: Authority): AuthorisedManifest {
  const mismatches = lock === undefined ? [] : compareLock(resolution, lock, loaded);
  const all = mergeProblems(problems, compiled.problems, mismatches);
  refuseErrors(all, resolution.manifest.file);
  const { manifest, resolved, sha256 } = resolution;
  return {
    resolution,
    grants: compiled.grants,
    profile: resolved.profile,
    fileSha256: manifest.fileSha256,
    resolvedSha256: sha256,
    lockSha256: lock?.fileSha256 ?? null,
    warnings: all,
  } as AuthorisedManifest;
}

/** @throws EnclosureError MANIFEST_INVALID (or LOCK_MISMATCH) where an error is among the problems, with all of them. */
export function refuseErrors(problems: readonly Problem[], file: string): void {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  const code = errors.every((one) => one.code === "LOCK_MISMATCH") ? "LOCK_MISMATCH" : "MANIFEST_INVALID";
  const count = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
  throw new EnclosureError(code, `${file}:${first.line}:${first.column}: ${first.message}${count}`, {
    mend: first.mend,
    location: { file, line: first.line, column: first.column },
    problems,
  });
}
