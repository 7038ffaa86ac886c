// The opening of a session's record: everything that the session binds, gathered into `session.opened`.

import type { LogWriter, SessionDraft, SessionLog } from "../audit/contract.ts";
import type { ArtefactRef } from "../audit/events.ts";
import { type HexDigest, sha256Hex, utf8 } from "../base/bytes.ts";
import { canonicalJson, type JsonValue } from "../base/json.ts";
import type { SessionLimits } from "../base/limits.ts";
import type { AgentBundle } from "../bundle/contract.ts";
import type { GuestFacts } from "../enclosure/contract.ts";
import type { AuditLevel, FunctionSpec } from "../kinds/contract.ts";
import { hostHasher } from "../outside/crypto.ts";
import type { DraftPrincipal } from "./people.ts";

/** Our own behaviour towards an agent, as a number: a replay asks for the same. Rises when what an agent can observe changes. */
export const SEMANTICS = 1;

/** Texts that the session binds and the log keeps, by plain SHA-256. */
export interface BoundTexts {
  readonly manifest: Uint8Array;
  readonly lock: Uint8Array | null;
  /** The resolved manifest's canonical form. */
  readonly resolvedForm: string;
  readonly bundle: AgentBundle;
  readonly facts: GuestFacts;
  readonly capabilities: readonly {
    readonly name: string;
    readonly kind: string;
    readonly functions: readonly FunctionSpec[];
  }[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Opening extends BoundTexts {
  readonly agentName: string;
  readonly agentVersion: string;
  readonly resolvedSha256: HexDigest;
  readonly profile: string | null;
  readonly modules: readonly { readonly capability: string; readonly sha256: HexDigest; readonly pinned: boolean }[];
  readonly principal: DraftPrincipal;
  readonly onBehalfOf: DraftPrincipal | null;
  readonly purpose: string | null;
  readonly correlation: Readonly<Record<string, string>> | null;
  readonly batchJob: HexDigest | null;
  readonly seed: string;
  readonly limits: SessionLimits;
  readonly level: AuditLevel;
  readonly product: string;
}

/** Starts the session's record. The artefacts that it names become durable with it. */
export function openRecord(writer: LogWriter, opening: Opening): SessionLog {
  const texts = boundArtefacts(opening);
  const log = writer.openSession(openedDraft(opening, texts.refs));
  for (const bytes of texts.bytes) log.keep(bytes);
  return log;
}

type Refs = Record<
  "source" | "script" | "sourceMap" | "inputs" | "manifest" | "resolvedForm" | "prelude" | "functions",
  ArtefactRef
> & { readonly lock: ArtefactRef | null };

function boundArtefacts(opening: Opening): { readonly refs: Refs; readonly bytes: readonly Uint8Array[] } {
  const { bundle, facts } = opening;
  const kept: Uint8Array[] = [];
  const keep = (bytes: Uint8Array): ArtefactRef => {
    kept.push(bytes);
    return { sha256: sha256Hex(bytes, hostHasher), bytes: bytes.length };
  };
  const keepText = (text: string): ArtefactRef => keep(utf8(text));
  const refs: Refs = {
    source: keepText(bundle.source),
    script: keepText(bundle.script),
    sourceMap: keepText(bundle.sourceMap),
    inputs: keepText(canonicalJson(bundle.inputs as unknown as JsonValue)),
    manifest: keep(opening.manifest),
    lock: opening.lock === null ? null : keep(opening.lock),
    resolvedForm: keepText(opening.resolvedForm),
    prelude: keepText(facts.prelude),
    functions: keepText(
      canonicalJson({ capabilities: opening.capabilities, env: opening.env } as unknown as JsonValue),
    ),
  };
  return { refs, bytes: kept };
}

function openedDraft(opening: Opening, refs: Refs): SessionDraft<"session.opened"> {
  const { facts, limits } = opening;
  return {
    type: "session.opened",
    evidence: "observed",
    turn: 0,
    data: {
      agent: {
        name: opening.agentName,
        version: opening.agentVersion,
        source: refs.source,
        script: refs.script,
        sourceMap: refs.sourceMap,
        inputs: refs.inputs,
        inputsDigest: opening.bundle.inputsSha256,
      },
      authority: {
        manifest: refs.manifest,
        resolved: opening.resolvedSha256,
        resolvedForm: refs.resolvedForm,
        profile: opening.profile,
        lock: refs.lock,
        modules: opening.modules,
      },
      principal: opening.principal,
      onBehalfOf: opening.onBehalfOf,
      purpose: opening.purpose === null ? null : { text: opening.purpose, media: "text/plain", level: opening.level },
      correlation:
        opening.correlation === null
          ? null
          : { text: canonicalJson({ ...opening.correlation }), media: "application/json", level: "full" },
      batchJob: opening.batchJob,
      parent: null,
      semantics: SEMANTICS,
      seed: opening.seed,
      prelude: refs.prelude,
      functions: refs.functions,
      fingerprint: {
        enclosure: opening.product,
        node: facts.versions.node,
        v8: facts.versions.v8,
        icu: facts.versions.icu,
        tz: facts.versions.tz,
        unicode: facts.versions.unicode,
        isolatedVm: facts.versions.isolatedVm,
        arch: process.arch,
        os: process.platform,
        flags: facts.flags,
      },
      walls: facts.walls,
      limits,
    },
  };
}
