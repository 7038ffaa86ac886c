// Verifying sessions: that each is one chain without gap or branch, and what it lacks to be complete.
// Holds the state of open sessions alone, so its memory does not grow with the log.

import type { CallCounts, RecordBody } from "./events.ts";
import { isSessionType } from "./fields.ts";
import type { RecordRow } from "./store.ts";
import type { Findings } from "./verdict.ts";

/** Of the process that writes a session. `unknown`: nothing says whether it runs. */
export type Life = "live" | "dead" | "unknown";

const STATES: Readonly<Record<Life, string>> = {
  live: "is still running",
  dead: "was cut off, and waits for its recovery",
  unknown:
    "has no end, and nobody can tell whether its process still runs: its lock beside the store is gone, so no recovery will close it",
};

interface OpenSession {
  readonly id: string;
  readonly boot: string;
  n: number;
  leaf: string;
  /** Intents without an outcome, by call: where they stand. */
  readonly intents: Map<number, number>;
  readonly counts: { -readonly [Name in keyof CallCounts]: number };
}

export interface SessionFindings {
  readonly chains: Findings;
  readonly completeness: Findings;
}

export class SessionsCheck {
  readonly #findings: SessionFindings;
  readonly #open = new Map<number, OpenSession>();
  #sessions = 0;

  constructor(findings: SessionFindings) {
    this.#findings = findings;
  }

  get sessions(): number {
    return this.#sessions;
  }

  /** The next record. `leaf` is the hash of its stored bytes. */
  take(row: RecordRow, leaf: string, body: RecordBody): void {
    const link = body.session;
    if (!isSessionType(body.type) || link === undefined) {
      if (row.opening !== null || row.n !== null || row.prev !== null) this.#broken(row, "stands in a session's place");
      return;
    }
    if (link.n !== row.n || link.prev !== row.prev) this.#broken(row, "has columns that are not its body's");
    const session = link.n === 0 ? this.#begin(row, leaf, body) : this.#open.get(row.opening ?? -1);
    if (session === undefined) return this.#broken(row, "belongs to no session that is open");
    if (link.n > 0) this.#follow(session, row, leaf, link);
    this.#count(session, row, body);
  }

  /** A record whose body cannot be read: the next one's link is still held against its bytes. */
  skip(row: RecordRow, leaf: string): void {
    const session = this.#open.get(row.opening ?? -1);
    if (session === undefined) return;
    session.n++;
    session.leaf = leaf;
  }

  /** What is still open at the end of the log. */
  end(lifeOf: (boot: string, opening: number) => Life): void {
    const { completeness } = this.#findings;
    for (const [opening, { id, boot, intents }] of this.#open) {
      completeness.add("incomplete", `session ${id.slice(0, 12)} ${STATES[lifeOf(boot, opening)]}`, opening);
      if (intents.size > 0) {
        const calls = intents.size === 1 ? "1 intent" : `${intents.size} intents`;
        completeness.add(
          "incomplete",
          `${calls} of session ${id.slice(0, 12)} without an outcome`,
          ...intents.values(),
        );
      }
    }
  }

  #begin(row: RecordRow, leaf: string, body: RecordBody): OpenSession {
    if (row.opening !== row.seq) this.#broken(row, "opens a session and is filed under another");
    const counts = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
    const session = { id: leaf, boot: body.boot, n: 0, leaf, intents: new Map<number, number>(), counts };
    this.#open.set(row.seq, session);
    this.#sessions++;
    return session;
  }

  #follow(session: OpenSession, row: RecordRow, leaf: string, link: NonNullable<RecordBody["session"]>): void {
    if (link.id !== session.id) this.#broken(row, "names another session than it is filed under");
    if (link.n !== session.n + 1) this.#broken(row, `is number ${link.n} of its session, after number ${session.n}`);
    else if (link.prev !== session.leaf) this.#broken(row, "does not link to the record before it");
    session.n = link.n;
    session.leaf = leaf;
  }

  #count(session: OpenSession, { seq, opening }: RecordRow, body: RecordBody): void {
    const { intents, counts } = session;
    const { completeness } = this.#findings;
    switch (body.type) {
      case "call.intended":
        counts.admitted++;
        intents.set(body.data.call, seq);
        return;
      case "call.settled":
        if (!intents.delete(body.data.call)) {
          completeness.add("invalid", `record ${seq} tells the outcome of a call that was not intended`, seq);
        }
        if (body.data.effectState !== "confirmed") counts[body.data.effectState]++;
        return;
      case "call.denied":
        counts.denied++;
        return;
      case "session.closed": {
        if (intents.size > 0) {
          completeness.add("incomplete", "a closed session has intents without an outcome", ...intents.values());
        }
        if (!isSame(counts, body.data.calls)) {
          completeness.add("invalid", `record ${seq} counts other calls than its session has`, seq);
        }
        if (opening !== null) this.#open.delete(opening);
        return;
      }
      default:
    }
  }

  #broken({ seq }: RecordRow, what: string): void {
    this.#findings.chains.add("invalid", `record ${seq} ${what}`, seq);
  }
}

function isSame(a: CallCounts, b: CallCounts): boolean {
  return a.admitted === b.admitted && a.denied === b.denied && a.failed === b.failed && a.unknown === b.unknown;
}
