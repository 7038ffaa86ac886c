// What a call costs on its way out of the enclosure and back: decided, recorded durably, performed, recorded, delivered.
// Beside it: a bare call out of an isolate, which records nothing, and one durable commit of a row as large as a record,
// which does nothing else.

import { join } from "node:path";
import Database from "better-sqlite3";
import ivm from "isolated-vm";
import { openRuntime } from "agent-enclosure";
import { takeTurns, timed } from "./rounds.ts";
import type { Measured } from "./rounds.ts";
import { agent, manifest, withWork } from "./work.ts";
import type { Work } from "./work.ts";

const ROUNDS = 7;
const SEQUENTIAL = 500;
const IN_FLIGHT = 32;
const AT_ONCE = 200 * IN_FLIGHT;
const BARE = 2000;
const COMMITS = 200;
/** About what the intent of a call takes with its payload. */
const ROW_BYTES = 1200;

export async function measure(): Promise<Measured[]> {
  const samples = await withWork(async (work) => {
    const runtime = await openRuntime({ store: work.store, home: work.home });
    const bare = openIsolate();
    const commits = openCommits(work);
    const session = (calls: number, inFlight: number) =>
      timed(async () => {
        const { status } = await runtime.run({ agent: agent("many-calls.ts"), manifest, input: { calls, inFlight } });
        if (status !== "completed") throw new Error(`the session ended as ${status}`);
      });
    // What a session costs beside its calls is in both terms, and falls out.
    const perCall = async (calls: number, inFlight: number) =>
      (((await session(calls, inFlight)) - (await session(inFlight, inFlight))) / (calls - inFlight)) * 1000;
    try {
      return await takeTurns(
        {
          "call, one after the other": () => perCall(SEQUENTIAL, 1),
          [`call, ${IN_FLIGHT} in flight`]: () => perCall(AT_ONCE, IN_FLIGHT),
          "bare isolate call": async () => ((await timed(() => bare.call(BARE))) / BARE) * 1000,
          "durable commit": async () => ((await timed(() => commits.make(COMMITS))) / COMMITS) * 1000,
        },
        ROUNDS,
      );
    } finally {
      await runtime.close();
      bare.close();
      commits.close();
    }
  });
  return [{ title: "call", unit: "us", samples, against: ["bare isolate call", "durable commit"] }];
}

/** Calls out of an isolate in this process, awaited there one after the other. */
function openIsolate() {
  const isolate = new ivm.Isolate({ memoryLimit: 128 });
  const context = isolate.createContextSync();
  const greet = new ivm.Callback((text: string) => `{"text":"Hello, ${text.length}"}`, { async: true });
  context.global.setSync("greet", greet);
  const script = `(async (calls) => { while (calls-- > 0) JSON.parse(await greet(JSON.stringify({ name: "bench" }))); })`;
  const loop: ivm.Reference<(calls: number) => Promise<void>> = context.evalSync(script, { reference: true });
  return {
    call: (calls: number) => loop.apply(undefined, [calls], { result: { promise: true } }),
    close: () => isolate.dispose(),
  };
}

function openCommits({ folder }: Work) {
  const db = new Database(join(folder, "commits.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("create table row (seq integer primary key, bytes blob not null) strict");
  const insert = db.prepare("insert into row (bytes) values (?)");
  const bytes = new Uint8Array(ROW_BYTES).fill(7);
  return {
    make(count: number) {
      for (let i = 0; i < count; i++) insert.run(bytes);
    },
    close: () => db.close(),
  };
}
