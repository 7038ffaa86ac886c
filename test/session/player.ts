// Plays a recorded session to a second guest: the recorded script, seed and times, the recorded answers in their order,
// and nothing else. What the second guest asks for is for the test to compare.

import type { LogReader, StoredRecord } from "../../src/audit/contract.ts";
import type { PayloadRef, RecordBody } from "../../src/audit/events.ts";
import type { HexDigest } from "../../src/base/bytes.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import type { DeliveredError, Delivery, GuestCapability, GuestMessage } from "../../src/enclosure/contract.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { programPath } from "../../src/outside/programs.ts";

export interface Asked {
  readonly turn: number;
  readonly call: number;
  readonly name: string;
  readonly arguments: string;
}

/** The calls that the record says the agent made. Hops are the broker's, not the agent's. */
export function recordedCalls(reader: LogReader, records: readonly StoredRecord[]): readonly Asked[] {
  return records.flatMap(({ body }) => {
    if (body.type !== "call.intended" && body.type !== "call.denied" && body.type !== "call.held") return [];
    if (body.data.parent !== null || body.data.call < 0) return [];
    const { call, capability, function: fn, arguments: ref } = body.data;
    const turn = body.type === "call.denied" ? body.data.madeIn : turnOf(body);
    return [{ turn, call, name: `${capability}.${fn}`, arguments: shown(reader, ref) }];
  });
}

/** Plays it, and gives the calls that this guest made and what it ended with. */
export async function play(
  reader: LogReader,
  records: readonly StoredRecord[],
): Promise<{ readonly asked: readonly Asked[]; readonly done: GuestMessage | undefined }> {
  const opened = records[0]?.body as RecordBody<"session.opened">;
  const received = records[1]?.body as RecordBody<"session.input_received">;
  const artefact = (sha256: HexDigest): string => fromUtf8(reader.artefact(sha256) as Uint8Array);
  const functions = JSON.parse(artefact(opened.data.functions.sha256)) as {
    capabilities: GuestCapability[];
    env: Record<string, string>;
  };
  const guest = spawnGuest({
    programs: {
      guest: programPath("guest.cjs"),
      prelude: programPath("prelude.js"),
      watchdog: programPath("watchdog.js"),
      filter: programPath("guest.bpf"),
    },
  });
  await guest.facts;
  const asked: Asked[] = [];
  const done = Promise.withResolvers<GuestMessage | undefined>();
  const waiting = deliveriesOf(reader, records).values();
  // Each delivery once the guest is quiet after the one before; one that it cannot take ends the play.
  const next = (): void => {
    try {
      const { value } = waiting.next();
      if (value !== undefined) guest.deliver(value);
    } catch {
      done.resolve(undefined);
    }
  };
  guest.start(
    {
      script: artefact(opened.data.agent.script.sha256),
      inputText: shown(reader, received.data.input),
      ...functions,
      seed: opened.data.seed,
      nowMs: Date.parse(received.time),
      limits: opened.data.limits,
    },
    (message) => {
      if (message.type === "call") {
        const { turn, id: call, capability, fn, argsText } = message;
        asked.push({ turn, call, name: `${capability}.${fn}`, arguments: argsText });
      }
      if (message.type === "done") done.resolve(message);
      if (message.type === "quiet") next();
    },
  );
  const said = await Promise.race([done.promise, guest.ended.then(() => undefined)]);
  await guest.stop();
  return { asked, done: said };
}

function deliveriesOf(reader: LogReader, records: readonly StoredRecord[]): readonly Delivery[] {
  return records.flatMap(({ body }): Delivery[] => {
    const at = { turn: turnOf(body), nowMs: Date.parse(body.time) };
    if (body.type === "timer.fired") return [{ type: "timerFired", ...at, id: body.data.timer }];
    if (body.type !== "call.settled" && body.type !== "call.denied") return [];
    if (body.data.delivered !== "true") return [];
    const id = body.data.call;
    if (body.type === "call.settled" && body.data.result !== null) {
      return [{ type: "settled", ...at, id, ok: true, resultText: shown(reader, body.data.result) }];
    }
    const { told } = JSON.parse(shown(reader, body.data.error as PayloadRef)) as { told: DeliveredError };
    return [{ type: "settled", ...at, id, ok: false, error: told }];
  });
}

function turnOf(body: RecordBody): number {
  return body.session?.turn ?? -1;
}

function shown(reader: LogReader, ref: PayloadRef): string {
  const opened = reader.payload(ref);
  if (opened.state !== "shown") throw new Error(`the payload is ${opened.state}`);
  return opened.text;
}
