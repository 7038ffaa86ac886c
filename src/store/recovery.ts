// Recovery: what a process that died has left open is closed by a record, never by a guess. Each intent without an outcome
// becomes `unknown`, its session `interrupted`, and one store-wide record names them all.
// Invariants: touches only sessions of processes whose liveness lock is free; whether a session is still open is asked
// inside the transaction, so two who recover at once, or one that is cut off, do it once; all of a batch or nothing.

import { type SessionId, sessionIdOf } from "../base/ids.ts";
import type { JsonObject } from "../base/json.ts";
import type { CallCounts, EventData, EventType, RecordBody } from "../audit/events.ts";
import { prepareRecord } from "../audit/record.ts";
import type { RecordRow, Tip } from "../audit/store.ts";
import { type Assembly, Chain } from "./assembly.ts";
import type { Log } from "./log.ts";
import { storedRecord } from "./stored-record.ts";

/** Sessions that one transaction closes. */
const SESSIONS_MAX = 64;
/** Unknown outcomes that one `log.recovered` names: its body has a bound. */
const UNKNOWN_MAX = 4_000;

/** The sessions of `boots` that have no closing record, in the order of the log, by their opening. */
export function openSessions(reads: Tip["reads"], boots: readonly string[]): RecordRow[] {
  return boots
    .flatMap((boot) => reads.openingsOfBoot(boot))
    .filter(({ seq }) => !isClosed(reads, seq))
    .sort((a, b) => a.seq - b.seq);
}

/** Whether the session with this opening has its closing record. */
export function isClosed(reads: Tip["reads"], opening: number): boolean {
  const last = reads.sessionLast(opening);
  return last !== undefined && storedRecord(last).body.type === "session.closed";
}

/** Closes what the processes of `boots`, all dead, have left open. Resolves once that is durable. */
export async function recover(log: Log, reads: Tip["reads"], boots: readonly string[]): Promise<void> {
  const open = openSessions(reads, boots);
  for (let from = 0; from < open.length; from += SESSIONS_MAX) {
    const some = open.slice(from, from + SESSIONS_MAX);
    await log.write((assembly, tip) => closeAll(log, assembly, tip, some));
  }
}

type Recovered = EventData["log.recovered"]["sessions"][number];

function closeAll(log: Log, assembly: Assembly, tip: Tip, openings: readonly RecordRow[]): void {
  const recovered: Recovered[] = [];
  for (const { seq, leaf } of openings) {
    if (isClosed(tip.reads, seq)) continue;
    const session = sessionIdOf(leaf);
    const unknown = closeOne(log, assembly, tip.reads.sessionRows(seq), session);
    for (let from = 0; from === 0 || from < unknown.length; from += UNKNOWN_MAX) {
      recovered.push({ session, unknown: unknown.slice(from, from + UNKNOWN_MAX) });
    }
  }
  for (const sessions of packed(recovered)) {
    assembly.add(log.prepareOwn("log.recovered", { boot: log.ports.boot, sessions }));
  }
}

/** In groups that one body can hold. */
function packed(recovered: readonly Recovered[]): Recovered[][] {
  const groups: Recovered[][] = [];
  let named = Infinity;
  for (const one of recovered) {
    if (named + one.unknown.length > UNKNOWN_MAX) {
      groups.push([]);
      named = 0;
    }
    groups.at(-1)?.push(one);
    named += one.unknown.length;
  }
  return groups;
}

/** Returns the calls whose outcome nobody knows. @throws EnclosureError STORE_DAMAGED where a record is not what it is filed as */
function closeOne(log: Log, assembly: Assembly, rows: readonly RecordRow[], id: SessionId): readonly number[] {
  const bodies = rows.map((row) => storedRecord(row, id).body);
  const last = bodies.at(-1) as RecordBody;
  const unknown = openIntents(bodies);
  const chain = Chain.after(rows.at(-1) as RecordRow, id);
  const { origin, boot, clock } = log.ports;
  const timeMs = Math.max(clock.nowMs(), Date.parse(last.time));
  const add = <Type extends EventType>(type: Type, data: EventData[Type] & JsonObject): void => {
    const turn = last.session?.turn ?? 0;
    const event = { log: origin, boot, type, evidence: "observed", timeMs, monoUs: log.monoUs(), data, turn } as const;
    assembly.add(prepareRecord(event), chain);
  };
  for (const call of unknown) {
    add("call.settled", {
      call,
      effectState: "unknown",
      code: "INTERRUPTED",
      result: null,
      error: null,
      durationMs: 0,
      delivered: "late",
    });
  }
  const calls = countCalls(bodies);
  add("session.closed", {
    status: "interrupted",
    code: "SESSION_INTERRUPTED",
    error: null,
    calls: { ...calls, unknown: calls.unknown + unknown.length },
    refusedInside: null,
  });
  return unknown;
}

function openIntents(bodies: readonly RecordBody[]): readonly number[] {
  const open = new Set<number>();
  for (const body of bodies) {
    if (body.type === "call.intended") open.add(body.data.call);
    if (body.type === "call.settled") open.delete(body.data.call);
  }
  return [...open];
}

function countCalls(bodies: readonly RecordBody[]): CallCounts {
  const counts = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
  for (const body of bodies) {
    if (body.type === "call.intended") counts.admitted++;
    if (body.type === "call.denied") counts.denied++;
    if (body.type === "call.settled" && body.data.effectState !== "confirmed") counts[body.data.effectState]++;
  }
  return counts;
}
