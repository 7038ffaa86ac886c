// Drafts of records as a session would append them, for tests of the log.
import type { SessionDraft } from "../../src/audit/contract.ts";
import { type HexDigest, sha256Hex, utf8 } from "../../src/base/bytes.ts";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";

/** The bytes of every artefact that {@link openedDraft} refers to. */
export const ARTEFACT = utf8("an artefact\n");
export const artefactRef = { sha256: sha256Hex(ARTEFACT), bytes: ARTEFACT.length };

export function openedDraft(
  change: { readonly batchJob?: HexDigest; readonly name?: string } = {},
): SessionDraft<"session.opened"> {
  const artefact = artefactRef;
  const digest = sha256Hex("anything");
  return {
    type: "session.opened",
    evidence: "observed",
    turn: 0,
    data: {
      agent: {
        name: "refunds",
        version: "1.0.0",
        source: artefact,
        script: artefact,
        sourceMap: artefact,
        inputs: artefact,
        inputsDigest: digest,
      },
      authority: {
        manifest: artefact,
        resolved: digest,
        resolvedForm: artefact,
        profile: null,
        lock: null,
        modules: [{ capability: "desk", sha256: digest, pinned: true }],
      },
      principal: {
        id: "0123456789abcdef0123456789abcdef",
        kind: "os_user",
        evidence: "observed",
        name: { text: change.name ?? "ada", media: "text/plain", level: "full" },
      },
      onBehalfOf: null,
      purpose: null,
      correlation: { text: '{"ticket":"T-1"}', media: "application/json", level: "full" },
      batchJob: change.batchJob ?? null,
      parent: null,
      semantics: 1,
      seed: "seed",
      prelude: artefact,
      functions: artefact,
      fingerprint: {
        enclosure: "0.1.0",
        node: "v26.10.0",
        v8: "14.6",
        icu: "78.1",
        tz: "2026a",
        unicode: "17.0",
        isolatedVm: "7.0.1",
        arch: "x64",
        os: "linux",
        flags: ["--permission"],
      },
      walls: ["permission"],
      limits: DEFAULT_SESSION_LIMITS,
    },
  };
}

export function intendedDraft(call: number, argument = `{"call":${call}}`): SessionDraft<"call.intended"> {
  return {
    type: "call.intended",
    evidence: "observed",
    turn: call,
    data: {
      call,
      capability: "desk",
      function: "refund",
      effect: "write",
      target: { kind: "tool", name: "refund" },
      rule: { pointer: "/capabilities/desk/allow/0", line: 7, column: 5 },
      arguments: { text: argument, media: "application/json", level: "full" },
      parent: null,
      approval: null,
      site: { line: 3, column: 9 },
    },
  };
}

export function settledDraft(call: number): SessionDraft<"call.settled"> {
  return {
    type: "call.settled",
    evidence: "host_claimed",
    turn: call,
    before: { turn: call - 1, calls: call, draws: 0 },
    data: {
      call,
      effectState: "confirmed",
      code: null,
      result: { text: `{"done":${call}}`, media: "application/json", level: "full" },
      error: null,
      durationMs: 3,
      delivered: "true",
    },
  };
}

export function closedDraft(calls: number): SessionDraft<"session.closed"> {
  return {
    type: "session.closed",
    evidence: "observed",
    turn: calls,
    data: {
      status: "completed",
      code: null,
      error: null,
      calls: { admitted: calls, denied: 0, failed: 0, unknown: 0 },
      refusedInside: 0,
    },
  };
}

/** As it stands in a body: no payloads. */
export const openedData = {
  ...openedDraft().data,
  principal: { id: "0123456789abcdef0123456789abcdef", kind: "os_user", evidence: "observed" },
  correlation: null,
};
