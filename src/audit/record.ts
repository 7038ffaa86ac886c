// Records: an event as the canonical bytes that are hashed, and back. A body is RFC 8785 JSON with integers only, at most
// 60,000 bytes, of a closed list of fields. Spelling is split in two: `prepareRecord` checks and spells all that is known
// when the event happens; `spell` adds the place in the log, which is known only inside the transaction that gives it.
// Invariant: spelling a record and canonicalText() of the same object give the same text.

import { isLongerInUtf8, utf8Length } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { canonicalText, isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { BODY_BYTES_MAX } from "../base/limits.ts";
import type { ArtefactRef, EventType, Evidence, PayloadRef, RecordBody, TurnSummary } from "./events.ts";
import { DATA_SHAPES, ENVELOPE_SHAPES, isSessionType } from "./fields.ts";
import { integer, nullable, object, oneOf, type RefSink, type Shape, text } from "./shapes.ts";

export const FORMAT_VERSION = "enclosure.audit/1";

/** The longest that a record's place can spell itself. */
const PLACE_BYTES_MAX = 256;
const DEPTH_MAX = 32;

const ORIGIN = /^[a-z0-9.-]+(\/[A-Za-z0-9._-]+)*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An event, before it has its place in the log. */
export interface Event {
  readonly log: string;
  readonly boot: string;
  readonly type: EventType;
  readonly evidence: Evidence;
  readonly timeMs: number;
  readonly monoUs: number;
  /** Payloads replaced by their references. */
  readonly data: JsonObject;
  /** Absent for the store's own records. */
  readonly turn?: number;
  readonly before?: TurnSummary;
}

/** A record's place in its session: `id` and `prev` are null in the session's first. */
export interface Place {
  readonly n: number;
  readonly id: string | null;
  readonly prev: string | null;
}

export interface PreparedRecord {
  readonly type: EventType;
  /** The body's text at this place. */
  spell(seq: number, place?: Place): string;
}

/** @throws EnclosureError RECORD_REFUSED where the data is not what the closed list says, or too large. */
export function prepareRecord(event: Event): PreparedRecord {
  const { log, boot, type, evidence, timeMs, monoUs, data, turn, before } = event;
  const shape = DATA_SHAPES.get(type);
  const problem = shape === undefined ? ": not a type that can be appended" : shape(data, NO_SINK);
  if (problem !== undefined) throw refused(`${type}${problem}`);
  const time = new Date(timeMs).toISOString();
  // The keys of a body in the order of RFC 8785: boot data evidence log monoUs seq session time type v.
  const front = `{"boot":"${boot}","data":${canonicalText(data)},"evidence":"${evidence}","log":"${log}","monoUs":${monoUs},"seq":`;
  const back = `,"time":"${time}","type":"${type}","v":"${FORMAT_VERSION}"}`;
  const turns =
    turn === undefined
      ? undefined
      : { front: before === undefined ? "" : `"before":${canonicalText({ ...before })},`, back: `"turn":${turn}` };
  const length = utf8Length(front) + back.length + (turns?.front.length ?? 0) + PLACE_BYTES_MAX;
  if (length > BODY_BYTES_MAX)
    throw refused(`${type}: the body would have ${length} bytes, the bound is ${BODY_BYTES_MAX}`);
  return {
    type,
    spell: (seq, place) => `${front}${seq}${place && turns ? spellPlace(place, turns) : ""}${back}`,
  };
}

function spellPlace({ n, id, prev }: Place, turns: { readonly front: string; readonly back: string }): string {
  const name = id === null ? "" : `"id":"${id}",`;
  const link = prev === null ? "null" : `"${prev}"`;
  return `,"session":{${turns.front}${name}"n":${n},"prev":${link},${turns.back}}`;
}

/** A body that has passed every check that can be made on it alone. */
export interface ParsedRecord {
  readonly body: RecordBody;
  /** False for a reserved or unknown type: its data is canonical, and nothing else is known of it. */
  readonly known: boolean;
}

/** Reads a body. @throws EnclosureError LOG_INVALID saying what is wrong with it. */
export function parseRecord(bodyText: string, sink: RefSink = NO_SINK): ParsedRecord {
  if (isLongerInUtf8(bodyText, BODY_BYTES_MAX)) throw invalid("it is too large");
  let value: JsonValue;
  try {
    value = JSON.parse(bodyText) as JsonValue;
  } catch {
    throw invalid("it is not JSON");
  }
  if (!isJsonObject(value)) throw invalid("it is not an object");
  if (!isCanonical(value, bodyText)) throw invalid("it is not spelled canonically");
  const problem = ENVELOPE(value, sink) ?? placeProblem(value);
  if (problem !== undefined) throw invalid(`body${problem}`);
  const type = value["type"] as string;
  const shape = DATA_SHAPES.get(type);
  if (shape === undefined) tellRefs(value["data"], sink);
  const dataProblem = shape?.(value["data"], sink);
  if (dataProblem !== undefined) throw invalid(`data${dataProblem}`);
  return { body: value as unknown as RecordBody, known: shape !== undefined };
}

const ENVELOPE: Shape = object(
  {
    v: oneOf(FORMAT_VERSION),
    log: text(ORIGIN, 256),
    seq: integer(),
    type: text(/^[a-z_]+\.[a-z_]+$/, 64),
    time: text(TIME, 24),
    boot: ENVELOPE_SHAPES.boot,
    monoUs: integer(),
    evidence: ENVELOPE_SHAPES.evidence,
    data: (value) => (isJsonObject(value) ? undefined : ": not an object"),
  },
  {
    session: object(
      { n: integer(), prev: nullable(ENVELOPE_SHAPES.digest), turn: integer() },
      {
        id: ENVELOPE_SHAPES.digest,
        before: object({ turn: integer(), calls: integer(), draws: integer() }),
      },
    ),
  },
);

/** The session's link must go with the type and with itself. */
function placeProblem({ type, session, time }: JsonObject): string | undefined {
  if (Number.isNaN(Date.parse(time as string))) return ".time: not a time";
  if (isSessionType(type as string) !== (session !== undefined)) return ".session: does not go with the type";
  if (session === undefined) return undefined;
  const { n, id, prev } = session as JsonObject;
  const first = type === "session.opened";
  if ((n === 0) !== first || (id === undefined) !== first || (prev === null) !== first) {
    return ".session: does not go with its number";
  }
  return undefined;
}

/**
 * Whether `bodyText` is RFC 8785 for `value`. JSON.stringify spells texts and integers as RFC 8785 asks and keeps the
 * order of keys, so sorted keys and equality are enough; where an engine reorders keys (integer-like ones) the slow way
 * decides.
 */
function isCanonical(value: JsonObject, bodyText: string): boolean {
  const quick = isSorted(value, 0) && bodyText.isWellFormed() && !bodyText.includes("\\ud");
  if (quick && JSON.stringify(value) === bodyText) return true;
  try {
    return canonicalText(value) === bodyText;
  } catch {
    return false;
  }
}

function isSorted(value: JsonValue, depth: number): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0);
  if (value === null || typeof value !== "object") return true;
  if (depth >= DEPTH_MAX) return false;
  if (Array.isArray(value)) return value.every((item: JsonValue) => isSorted(item, depth + 1));
  let last = "";
  const source = value as JsonObject;
  for (const key of Object.keys(source)) {
    if (key < last || key === "__proto__") return false;
    last = key;
    if (!isSorted(source[key] as JsonValue, depth + 1)) return false;
  }
  return true;
}

/** References in data of which no more is known: by their form. */
function tellRefs(value: JsonValue | undefined, sink: RefSink): void {
  if (value === null || typeof value !== "object") return;
  if (isJsonObject(value)) {
    if (isPayloadRef(value)) sink.payload(value as unknown as PayloadRef);
    else if (isArtefactRef(value)) sink.artefact(value as unknown as ArtefactRef);
  }
  for (const inner of Object.values(value)) tellRefs(inner, sink);
}

function isPayloadRef(value: JsonObject): boolean {
  const { bytes, media, level, commit, kid } = value;
  return (
    typeof bytes === "number" &&
    typeof media === "string" &&
    typeof level === "string" &&
    typeof commit === "string" &&
    typeof kid === "string"
  );
}

function isArtefactRef({ sha256, bytes, ...others }: JsonObject): boolean {
  return typeof sha256 === "string" && typeof bytes === "number" && Object.keys(others).length === 0;
}

const NO_SINK: RefSink = { payload: () => {}, artefact: () => {} };

function refused(what: string): EnclosureError {
  return new EnclosureError("RECORD_REFUSED", what);
}

function invalid(what: string): EnclosureError {
  return new EnclosureError("LOG_INVALID", what);
}
