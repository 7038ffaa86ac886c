// Logs for tests: opened with real files in a temporary folder, and filled with sessions.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LogReader, SessionLog } from "../../src/audit/contract.ts";
import type { Aspect, Verdict, VerifyReport } from "../../src/audit/verdict.ts";
import type { SessionId } from "../../src/base/ids.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { openLogWriter, type OpenedWriter, type WriterPowers } from "../../src/store/writer.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ARTEFACT, closedDraft, intendedDraft, openedDraft, settledDraft } from "./drafts.ts";

export interface Place {
  readonly path: string;
  readonly home: string;
}

export function newPlace(): Place {
  const folder = temporaryFolder();
  return { path: join(folder, "store", "audit.db"), home: join(folder, "home") };
}

export async function openWriter(place: Place, powers?: WriterPowers): Promise<OpenedWriter> {
  const writer = await openLogWriter({ ...place, ...(powers && { powers }) });
  onTestFinished(() => writer.close());
  return writer;
}

export async function openReader(place: Place): Promise<LogReader> {
  const reader = await openLogReader(place);
  onTestFinished(() => reader.close());
  return reader;
}

export function openSession(writer: OpenedWriter): SessionLog {
  const session = writer.openSession(openedDraft());
  session.keep(ARTEFACT);
  return session;
}

/** A session from its opening to its close, with `calls` calls one after the other. */
export async function runSession(writer: OpenedWriter, calls: number): Promise<SessionId> {
  const session = openSession(writer);
  for (let call = 1; call <= calls; call++) {
    await session.release(session.append(intendedDraft(call)));
    session.append(settledDraft(call));
  }
  session.append(closedDraft(calls));
  await session.release();
  return session.id() as SessionId;
}

/** The store as a crash would leave it: every file of it, in another folder. The locks are not held there. */
export function copyStore({ path, home }: Place): Place {
  const copy = join(temporaryFolder(), "audit.db");
  for (const end of ["", "-wal", "-shm"]) if (existsSync(path + end)) cpSync(path + end, copy + end);
  mkdirSync(`${copy}.live`);
  for (const boot of readdirSync(`${path}.live`)) writeFileSync(join(`${copy}.live`, boot), "");
  return { path: copy, home };
}

export const verify = (place: Place): Promise<VerifyReport> => verifyStore(place);

export function verdictsOf({ verdicts }: VerifyReport): Record<Aspect, Verdict> {
  return Object.fromEntries(Object.entries(verdicts).map(([aspect, { verdict }]) => [aspect, verdict])) as never;
}

export const ALL_OK: Record<Aspect, Verdict> = {
  bytes: "ok",
  chains: "ok",
  tree: "ok",
  consistency: "not-asked",
  signatures: "ok",
  anchors: "ok",
  completeness: "ok",
  payloads: "ok",
  scope: "ok",
};
