// Verifying a log: one pass over the stored bytes, in pages, in memory that does not grow with the log (but for the digests
// of distinct artefacts, up to a bound); separate verdicts (see verdict.ts). Bytes first: every hash is over what is stored,
// and parsing comes after. Pure: store and cryptography are handed in, and a web page verifies with this very code.
// Trust comes from outside the store: keys, heads and older checkpoints are the caller's.

import { equalBytes, type Hasher, hex, utf8 } from "../base/bytes.ts";
import { isFault } from "../base/errors.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import type { RecordBody } from "./events.ts";
import { spellVerifierKey, verifyNote, type VerifierKey } from "./note.ts";
import type { Sealer, SignatureChecker, TreeHasher } from "./powers.ts";
import { parseRecord } from "./record.ts";
import type { AuditReads, RecordRow } from "./store.ts";
import { Findings, type Judgement, type VerifyReport } from "./verdict.ts";
import { HeadsCheck, type Remembered } from "./verify-heads.ts";
import { PayloadsCheck } from "./verify-payloads.ts";
import { type Life, SessionsCheck } from "./verify-sessions.ts";
import { TreeCheck } from "./verify-tree.ts";

const PAGE = 1_000;

export interface VerifyPorts {
  /** Must show one and the same state of the store throughout. */
  readonly reads: AuditReads;
  readonly hasher: TreeHasher;
  readonly digest: Hasher;
  readonly checker: SignatureChecker;
  readonly sealer: Sealer;
  /** Of a session that is open in that state, by its opening: `live` where it runs on, or has come to its end since. */
  readonly lifeOf: (boot: string, opening: number) => Life;
}

export interface VerifyAsked extends Remembered {
  /** Keys that the verifier trusts. None: signatures cannot be checked. */
  readonly keys: readonly VerifierKey[];
  /** The key that wraps the data keys, where it is held. */
  readonly wrapping: Uint8Array | undefined;
  /** The note of a checkpoint that the verifier has kept. */
  readonly oldCheckpoint?: string;
  /** Told now and then how many records have been checked. */
  readonly onProgress?: (records: number) => void | Promise<void>;
}

/** @throws whatever reading the store throws: a file that cannot be read has no verdicts. */
export async function verifyLog(ports: VerifyPorts, asked: VerifyAsked): Promise<VerifyReport> {
  const pass = new Pass(ports, asked);
  await pass.run();
  return pass.report();
}

class Pass {
  readonly #ports: VerifyPorts;
  readonly #asked: VerifyAsked;
  readonly #findings = {
    bytes: new Findings(),
    chains: new Findings(),
    tree: new Findings(),
    consistency: new Findings(),
    signatures: new Findings(),
    completeness: new Findings(),
    payloads: new Findings(),
  };
  readonly #origin: string;
  readonly #tree: TreeCheck;
  readonly #sessions: SessionsCheck;
  readonly #payloads: PayloadsCheck;
  readonly #heads: HeadsCheck;
  #records = 0;
  #reserved = 0;
  #next = 0;
  /** Time of the first record after the last checkpoint, and of the last record. */
  #openFrom: string | undefined;
  #lastTime: string | undefined;

  constructor(ports: VerifyPorts, asked: VerifyAsked) {
    this.#ports = ports;
    this.#asked = asked;
    this.#origin = originOf(ports.reads.row(0));
    const { reads, digest, sealer } = ports;
    const heads = (asked.heads ?? []).map(({ size, root }) => ({ size, root, who: "the head outside the store" }));
    this.#tree = new TreeCheck({ ...ports, keys: asked.keys, origin: this.#origin }, this.#findings, heads);
    this.#sessions = new SessionsCheck(this.#findings);
    this.#heads = new HeadsCheck(asked, this.#findings.completeness);
    this.#payloads = new PayloadsCheck({ reads, digest, sealer, wrapping: asked.wrapping }, this.#findings.payloads);
    if (asked.oldCheckpoint !== undefined) this.#expectOld(asked.oldCheckpoint);
  }

  async run(): Promise<void> {
    const { reads, lifeOf } = this.#ports;
    for (const fault of reads.faults()) this.#findings.bytes.add("invalid", fault);
    for (;;) {
      const page = reads.rows(this.#next, PAGE);
      for (const row of page) this.#take(row);
      if (page.length < PAGE) break;
      await this.#asked.onProgress?.(this.#records);
    }
    await this.#asked.onProgress?.(this.#records);
    this.#countRows();
    this.#sessions.end(lifeOf);
    this.#tree.end(this.#asked.heads ?? []);
    this.#heads.end(this.#next);
    this.#payloads.end();
  }

  /** Whatever the pages did not come by stands outside the log, and some reader might believe it. */
  #countRows(): void {
    const outside = this.#ports.reads.counts().records - this.#records;
    if (outside === 0) return;
    const rows = outside === 1 ? "1 record" : `${outside} records`;
    this.#findings.tree.add("invalid", `the store keeps ${rows} outside 0 to ${this.#next - 1}`);
  }

  #take(row: RecordRow): void {
    const { seq } = row;
    if (seq !== this.#next) this.#gap(seq);
    this.#next = seq + 1;
    this.#records++;
    const leafBytes = this.#ports.hasher.leaf(row.body);
    const leaf = hex(leafBytes);
    if (leaf !== row.leaf) this.#bad(seq, "does not have the hash that it is filed under");
    // Decoding hides damage: bytes that are no UTF-8 read as U+FFFD.
    if (row.body.includes("\ufffd") && !this.#isExact(row)) this.#bad(seq, "is not UTF-8");
    const covered = this.#tree.last?.size ?? 0;
    this.#tree.push(leafBytes);
    this.#payloads.at(seq);
    const body = this.#parse(row);
    if (body === undefined) return this.#sessions.skip(row, leaf);
    if (body.seq !== seq) this.#bad(seq, `says that it is record ${body.seq}`);
    if (body.log !== this.#origin) this.#bad(seq, `is of another log, ${body.log}`);
    this.#sessions.take(row, leaf, body);
    if (body.type === "log.checkpointed") this.#tree.named(body.data, seq);
    if (body.type === "log.opened") this.#heads.opened(body.data, seq);
    this.#noteTime(body.time, seq, covered);
  }

  #parse(row: RecordRow): RecordBody | undefined {
    try {
      const { body, known } = parseRecord(row.body, this.#payloads);
      if (!known) this.#reserved++;
      return body;
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#bad(row.seq, error.message);
      return undefined;
    }
  }

  #isExact({ seq, body }: RecordRow): boolean {
    const bytes = this.#ports.reads.bodyBytes(seq);
    return bytes !== undefined && equalBytes(bytes, utf8(body));
  }

  #gap(seq: number): void {
    const missing = Array.from({ length: Math.min(seq - this.#next, PAGE) }, (_, i) => this.#next + i);
    const which = missing.length === 1 ? `record ${this.#next} is` : `records ${this.#next} to ${seq - 1} are`;
    this.#findings.tree.add("invalid", `${which} missing`, ...missing);
    this.#tree.miss(seq - this.#next);
  }

  #noteTime(time: string, seq: number, covered: number): void {
    const last = this.#tree.last?.size ?? 0;
    if (last === seq + 1) this.#openFrom = undefined;
    else if (this.#openFrom === undefined || last > covered) this.#openFrom = time;
    this.#lastTime = time;
  }

  #expectOld(text: string): void {
    const { consistency } = this.#findings;
    try {
      const { checkpoint, note } = parseCheckpoint(text);
      if (checkpoint.origin !== this.#origin) {
        consistency.add("invalid", `the older checkpoint is of another log, ${checkpoint.origin}`);
      } else if (checkpoint.size === 0) {
        consistency.add("invalid", "the older checkpoint covers nothing, and proves nothing");
      } else {
        if (verifyNote(note, this.#asked.keys, this.#ports.checker).length === 0) {
          consistency.add("cannot-check", "no key that is trusted here has signed the older checkpoint");
        }
        this.#tree.expectOld(checkpoint);
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      consistency.add("invalid", `the older checkpoint: ${error.message}`);
    }
  }

  #bad(seq: number, what: string): void {
    this.#findings.bytes.add("invalid", `record ${seq}: ${what}`, seq);
  }

  report(): VerifyReport {
    const { bytes, chains, tree, consistency, signatures, completeness, payloads } = this.#findings;
    const records = this.#records;
    const { sessions } = this.#sessions;
    const last = this.#tree.last;
    const open = Math.max(0, records - (last?.size ?? 0));
    const seconds = open === 0 ? 0 : secondsBetween(this.#openFrom, this.#lastTime);
    if (last === undefined) signatures.add("incomplete", "no checkpoint has been signed yet");
    const reserved = this.#reserved === 0 ? "" : `; ${this.#reserved} of a type that this version only knows by name`;
    const verdicts: VerifyReport["verdicts"] = {
      bytes: bytes.judge(ok(`${records} records are spelled canonically and hash to their leaves${reserved}`)),
      chains: chains.judge(ok(`${sessions} sessions, each one chain`)),
      tree: tree.judge(ok("every checkpoint and every kept subtree answers to the records")),
      consistency: consistency.judge(
        this.#asked.oldCheckpoint === undefined
          ? { verdict: "not-asked", detail: "no older checkpoint was given" }
          : ok("the log begins with what the older checkpoint covers"),
      ),
      signatures: signatures.judge(ok("every checkpoint is signed by a key that is trusted here")),
      anchors: this.#anchors(open, seconds),
      completeness: completeness.judge(ok(`every session is closed, and ${this.#heads.fine}`)),
      payloads: payloads.judge(ok(this.#payloads.summary)),
      scope: ok(`the whole log ${this.#origin}: ${records} records, ${sessions} sessions`),
    };
    const valid = Object.values(verdicts).every(({ verdict }) => verdict === "ok" || verdict === "not-asked");
    return {
      version: 1,
      valid,
      verdicts,
      records,
      sessions,
      unanchored: { records: open, seconds },
      checkpoint: last?.key === undefined ? null : last.note,
      key: last?.key === undefined ? null : spellVerifierKey(last.key),
    };
  }

  #anchors(open: number, seconds: number): Judgement {
    const last = this.#tree.last;
    const window = `${open} records (${seconds} s) stand after it`;
    if (last === undefined) return { verdict: "incomplete", detail: "L0: chained, and not signed" };
    if (last.key === undefined) {
      return { verdict: "cannot-check", detail: `whether a trusted key signed the last checkpoint; ${window}` };
    }
    return ok(`L1: signed by a key of the machine that wrote it, which proves nothing against that account; ${window}`);
  }
}

function originOf(first: RecordRow | undefined): string {
  try {
    return first === undefined ? "" : parseRecord(first.body).body.log;
  } catch (error) {
    if (!isFault(error)) throw error;
    return "";
  }
}

function ok(detail: string): Judgement {
  return { verdict: "ok", detail };
}

function secondsBetween(from: string | undefined, to: string | undefined): number {
  if (from === undefined || to === undefined) return 0;
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
}
