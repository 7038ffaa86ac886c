// A process of its own that writes to a log until it has run its sessions, or is killed. Run by recovery's tests:
//   child.ts <path> <home> <sessions> <calls>
// Tells on stdout, one JSON line each, what is durable: {"opened": id}, {"released": call, "seq": n, "session": id}.
import { writeSync } from "node:fs";
import type { SessionLog } from "../../src/audit/contract.ts";
import { openLogWriter } from "../../src/store/writer.ts";
import { ARTEFACT, closedDraft, intendedDraft, openedDraft, settledDraft } from "./drafts.ts";

const [path = "", home = "", sessions = "1", calls = "1"] = process.argv.slice(2);
const tell = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

const writer = await openLogWriter({ path, home });

async function run(session: SessionLog): Promise<void> {
  session.keep(ARTEFACT);
  await session.release();
  tell({ opened: session.id() });
  for (let call = 1; call <= Number(calls); call++) {
    const { seq } = await session.release(session.append(intendedDraft(call)));
    tell({ released: call, seq, session: session.id() });
    session.append(settledDraft(call));
  }
  session.append(closedDraft(Number(calls)));
  await session.checkpoint();
  tell({ closed: session.id() });
}

await Promise.all(Array.from({ length: Number(sessions) }, () => run(writer.openSession(openedDraft()))));
await writer.close();
tell({ ended: true });
