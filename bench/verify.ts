// How fast the whole log is verified: bytes, chains, tree, signatures, payloads. Beside it: the plain SHA-256 chain over
// the same bodies, held in memory, which is the least that any verification has to do.

import { hash } from "node:crypto";
import { openRuntime } from "agent-enclosure";
import { openLogReader } from "../src/store/reader.ts";
import { verifyStore } from "../src/store/verify.ts";
import { takeTurns, timed } from "./rounds.ts";
import type { Measured } from "./rounds.ts";
import { agent, manifest, withWork } from "./work.ts";
import type { Work } from "./work.ts";

const ROUNDS = 5;
const SESSIONS = 4;
const CALLS = 5000;
const IN_FLIGHT = 32;

export async function measure(): Promise<Measured[]> {
  const samples = await withWork(async (work) => {
    await fill(work);
    const bodies = await readBodies(work);
    const perSecond = (ms: number) => (bodies.length / ms) * 1000;
    return takeTurns(
      {
        "enclosure verify": async () => perSecond(await timed(() => verify(work))),
        "chained SHA-256": async () => perSecond(await timed(() => chain(bodies))),
      },
      ROUNDS,
    );
  });
  return [{ title: "verify", unit: "records/s", samples, against: ["chained SHA-256"] }];
}

async function fill({ store, home }: Work): Promise<void> {
  const runtime = await openRuntime({ store, home });
  for (let n = 0; n < SESSIONS; n++) {
    await runtime.run({ agent: agent("many-calls.ts"), manifest, input: { calls: CALLS, inFlight: IN_FLIGHT } });
  }
  await runtime.close();
}

async function readBodies({ store, home }: Work): Promise<readonly string[]> {
  const reader = await openLogReader({ path: store, home });
  const bodies = Array.from({ length: reader.size() }, (_, seq) => reader.record(seq)?.bodyText ?? "");
  reader.close();
  return bodies;
}

async function verify({ store, home }: Work): Promise<void> {
  const { valid } = await verifyStore({ path: store, home });
  if (!valid) throw new Error("the bench's own log does not verify");
}

function chain(bodies: readonly string[]): string {
  let last = "";
  for (const body of bodies) last = hash("sha256", last + body);
  return last;
}
