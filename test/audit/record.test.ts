import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventType, RESERVED_TYPES } from "../../src/audit/events.ts";
import { FIELDS } from "../../src/audit/fields.ts";
import { type Event, parseRecord, prepareRecord } from "../../src/audit/record.ts";
import type { RefSink } from "../../src/audit/shapes.ts";
import { sha256Hex } from "../../src/base/bytes.ts";
import { isFault } from "../../src/base/errors.ts";
import { canonicalText, type JsonObject, type JsonValue } from "../../src/base/json.ts";

const digest = sha256Hex("anything");
const payload = { bytes: 2, commit: digest, kid: "0".repeat(32), level: "full", media: "text/plain" };

const settled: Event = {
  log: "enclosure.local/0123456789abcdef",
  boot: "0123456789abcdef",
  type: "call.settled",
  evidence: "observed",
  timeMs: Date.UTC(2026, 10, 23, 18, 26, 28, 34),
  monoUs: 12,
  turn: 3,
  data: {
    call: 1,
    effectState: "confirmed",
    code: null,
    result: payload,
    error: null,
    durationMs: 4,
    delivered: "true",
  },
};
const place = { n: 4, id: digest, prev: digest };
const bodyOf = (event: Event = settled): string => prepareRecord(event).spell(7, place);
const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return isFault(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "";
};
/** The body with `change` made to it, spelled canonically again. */
const changed = (change: (body: Record<string, JsonValue>) => void): string => {
  const body = JSON.parse(bodyOf()) as Record<string, JsonValue>;
  change(body);
  return canonicalText(body);
};

describe("prepareRecord()", () => {
  it("spells what canonicalText() spells", () => {
    fc.assert(
      fc.property(
        fc.record({
          seq: fc.nat(),
          n: fc.nat(),
          id: fc.constantFrom(digest, null),
          prev: fc.constantFrom(digest, null),
          turn: fc.nat(),
          before: fc.option(fc.record({ turn: fc.nat(), calls: fc.nat(), draws: fc.nat() }), { nil: undefined }),
        }),
        ({ seq, n, id, prev, turn, before }) => {
          const event = before === undefined ? { ...settled, turn } : { ...settled, turn, before };
          const text = prepareRecord(event).spell(seq, { n, id, prev });
          const body = {
            v: "enclosure.audit/1",
            log: settled.log,
            seq,
            type: settled.type,
            time: "2026-11-23T18:26:28.034Z",
            boot: settled.boot,
            monoUs: settled.monoUs,
            evidence: settled.evidence,
            session: { ...(id !== null && { id }), n, prev, turn, ...(before !== undefined && { before }) },
            data: settled.data,
          };
          expect(text).toBe(canonicalText(body));
        },
      ),
    );
  });

  it("spells the store's own records without a session", () => {
    const { turn: _, ...event } = settled;
    const own = prepareRecord({ ...event, type: "log.failed", data: { code: "STORE_BUSY" } }).spell(2);
    expect(JSON.parse(own)).not.toHaveProperty("session");
    expect(parseRecord(own).body.type).toBe("log.failed");
  });

  it("refuses a field that the list does not know", () => {
    const data = { ...settled.data, comment: "Ada Lovelace called" };
    expect(messageOf(() => prepareRecord({ ...settled, data }))).toMatch(/RECORD_REFUSED: .*does not know/);
  });

  it.each([
    ["free text in a code", { code: "Ada Lovelace, 5 Main Street" }],
    ["a payload's text in the place of its reference", { result: { text: "Ada", media: "text/plain", level: "full" } }],
    ["a reference with more than its fields", { result: { ...payload, name: "Ada" } }],
    ["a media type that is none", { result: { ...payload, media: "Ada Lovelace" } }],
    ["a reference without a commitment", { result: { bytes: 2, level: "full", media: "text/plain" } }],
    ["a fraction", { durationMs: 0.5 }],
    ["a choice that is none", { delivered: "perhaps" }],
  ])("refuses %s", (_, change) => {
    const data = { ...settled.data, ...change } as JsonObject;
    expect(messageOf(() => prepareRecord({ ...settled, data }))).toMatch(/^RECORD_REFUSED/);
  });

  it("refuses a name of more than one line", () => {
    const target = { kind: "tool", name: "refund\nfor Ada" };
    const data = { call: 1, capability: "desk", function: "f", effect: "write", target } as unknown as JsonObject;
    expect(messageOf(() => prepareRecord({ ...settled, type: "call.intended", data }))).toMatch(/target\.name/);
  });

  it("refuses a body beyond its bound", () => {
    const sessions = Array.from({ length: 900 }, () => ({ session: digest, unknown: [] }));
    const { turn: _, ...event } = settled;
    const run = (): unknown =>
      prepareRecord({ ...event, type: "log.recovered", data: { boot: settled.boot, sessions } });
    expect(messageOf(run)).toMatch(/RECORD_REFUSED: .*60000/);
  });

  it.each(RESERVED_TYPES)("refuses the reserved type %s", (type) => {
    expect(Object.keys(FIELDS)).not.toContain(type);
    const event = { ...settled, type: type as EventType };
    expect(messageOf(() => prepareRecord(event))).toMatch(/^RECORD_REFUSED/);
  });
});

describe("parseRecord()", () => {
  it("reads what prepareRecord() has spelled, and tells of what it refers to", () => {
    const seen: string[] = [];
    const sink: RefSink = { payload: ({ commit }) => seen.push(String(commit)), artefact: () => seen.push("artefact") };
    const { body, known } = parseRecord(bodyOf(), sink);
    expect(known).toBe(true);
    expect(body.data).toEqual(settled.data);
    expect(seen).toEqual([digest]);
  });

  it("tells of what a reserved type refers to, by its form", () => {
    const seen: string[] = [];
    const sink: RefSink = { payload: () => seen.push("payload"), artefact: () => seen.push("artefact") };
    const text = changed((body) => {
      body["type"] = "session.parked";
      body["data"] = { deep: [{ payload }, { sha256: digest, bytes: 4 }] };
    });
    expect(parseRecord(text, sink).known).toBe(false);
    expect(seen).toEqual(["payload", "artefact"]);
  });

  it.each([
    ["other spacing", (text: string) => text.replace(":", ": ")],
    ["keys in another order", (text: string) => JSON.stringify({ v: 0, ...(JSON.parse(text) as object) })],
    ["a duplicate key", (text: string) => text.replace('"seq":7', '"seq":7,"seq":7')],
    ["an escape that needs none", (text: string) => text.replace("observed", "\\u006fbserved")],
    ["a fraction that is an integer", (text: string) => text.replace('"seq":7', '"seq":7.0')],
    ["an exponent", (text: string) => text.replace('"seq":7', '"seq":7e0')],
    ["a negative zero", (text: string) => text.replace('"seq":7', '"seq":-0')],
    ["a lone surrogate", (text: string) => text.replace("observed", "\\ud800")],
    ["text after its end", (text: string) => `${text} `],
  ])("refuses %s", (_, change) => {
    const text = change(bodyOf());
    expect(text).not.toBe(bodyOf());
    expect(messageOf(() => parseRecord(text))).toMatch(/LOG_INVALID: it is not (spelled canonically|JSON)/);
  });

  it.each([
    ["another format", (body: Record<string, JsonValue>) => (body["v"] = "enclosure.audit/2")],
    ["a field more", (body: Record<string, JsonValue>) => (body["note"] = "Ada")],
    ["a time that is none", (body: Record<string, JsonValue>) => (body["time"] = "2026-13-40T99:99:99.999Z")],
    ["a session's record without its link", (body: Record<string, JsonValue>) => delete body["session"]],
    ["a first record that is not its first", (body: Record<string, JsonValue>) => (body["type"] = "session.opened")],
    ["data of another type", (body: Record<string, JsonValue>) => (body["type"] = "call.denied")],
    ["a nesting beyond the bound", (body: Record<string, JsonValue>) => (body["data"] = { deep: nested(28) })],
  ])("refuses %s", (_, change) => {
    expect(messageOf(() => parseRecord(changed(change)))).toMatch(/^LOG_INVALID/);
  });

  it("refuses what is nested without end, and what is larger than a body may be", () => {
    expect(messageOf(() => parseRecord("[".repeat(59_000)))).toMatch(/^LOG_INVALID/);
    expect(messageOf(() => parseRecord(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`))).toMatch(/^LOG_INVALID/);
    expect(messageOf(() => parseRecord(`"${"é".repeat(30_001)}"`))).toMatch(/too large/);
  });
});

function nested(depth: number): JsonValue {
  return depth === 0 ? 1 : [nested(depth - 1)];
}
