// The verbs of a live run, as the command line and the library call them.

import type { HexDigest } from "../base/bytes.ts";
import type { ErrorCode, ExitStatus } from "../base/errors.ts";
import type { SessionId } from "../base/ids.ts";
import type { CallCounts, SessionStatus } from "../audit/events.ts";
import type { LimitName } from "../enclosure/contract.ts";
import type { Effect, RuleRef, Target } from "../kinds/contract.ts";

export interface RunOptions {
  /** Path of the agent's TypeScript file; the manifest's `agent.entry` where absent. */
  readonly agent?: string;
  /** Path of the manifest; `enclosure.yaml` beside the agent where absent. */
  readonly manifest?: string;
  /** Must be plain JSON. */
  readonly input?: unknown;
  readonly profile?: string;
  /** Who runs it; the operating system's user where absent. */
  readonly as?: string;
  readonly onBehalfOf?: string;
  /** Ticket, CI run and the like. */
  readonly correlation?: Readonly<Record<string, string>>;
  /** Ties the session to a line of a batch: what `Runtime.batchJob` gives. */
  readonly batchJob?: HexDigest;
  /** Asked for calls that an `ask` rule holds; where absent nobody can be asked. */
  readonly approvals?: ApprovalChannel;
  /** Told of what happens, only after its record is durable. What it throws, `run` throws when the session is closed. */
  readonly onEvent?: (event: LiveEvent) => void;
  /** Ends the session as interrupted. */
  readonly signal?: AbortSignal;
  /** Run only inside the operating system's sandbox: OS_SANDBOX_MISSING where it cannot be put up. */
  readonly requireOsSandbox?: boolean;
  /** Files that the session may not write, beside those that it goes by itself: FS_MOUNT_OVERLAPS where a mount would let it. */
  readonly reserved?: ReservedPaths;
}

/** Files that no writable mount may hold. */
export interface ReservedPaths {
  /** What is reserved, at or beneath a real path of the host; undefined where nothing is. */
  within(folder: string): string | undefined;
}

/** What a person is shown. Made safe for a terminal by whoever shows it. */
export interface ApprovalRequest {
  readonly agent: string;
  readonly call: number;
  readonly capability: string;
  readonly function: string;
  readonly effect: Effect;
  readonly target: Target;
  readonly rule: RuleRef;
  /** The exact argument text. */
  readonly argumentsText: string;
  readonly timeoutMs: number;
}

export interface ApprovalAnswer {
  readonly granted: boolean;
  readonly reason?: string;
}

export interface ApprovalChannel {
  readonly name: "tty" | "library";
  ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalAnswer>;
}

export type CallState = "admitted" | "denied" | "held" | "confirmed" | "failed" | "unknown";

export type LiveEvent =
  | {
      readonly type: "warning";
      readonly code: ErrorCode;
      readonly message: string;
      readonly mend: string;
      readonly line?: number;
      readonly column?: number;
      readonly file?: string;
    }
  | { readonly type: "opened"; readonly session: SessionId; readonly agent: string; readonly walls: readonly string[] }
  | {
      readonly type: "call";
      readonly call: number;
      readonly parent?: number;
      readonly state: CallState;
      readonly capability: string;
      readonly function: string;
      readonly effect?: Effect;
      readonly target?: Target;
      /** The argument's text, for the person who runs it. */
      readonly argumentsText: string;
      readonly code?: string;
      readonly message?: string;
      readonly mend?: string;
      readonly rule?: RuleRef;
      readonly manifest: string;
      readonly durationMs?: number;
    }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string };

/** `run --json`; a line of `batch`'s results is the same with the job's id. */
export interface RunResult {
  readonly version: 1;
  readonly session: SessionId;
  readonly status: SessionStatus;
  readonly output?: unknown;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly mend: string;
    readonly name?: string;
    readonly stack?: string;
  };
  readonly calls: CallCounts;
  /** Calls refused within the guest, before they reached the broker: too large, or too many at once. */
  readonly refusedInside: number;
  readonly limit?: { readonly name: LimitName | "calls"; readonly used: number; readonly max: number };
  readonly walls: readonly string[];
  readonly log: {
    readonly origin: string;
    readonly seq: number;
    readonly root: HexDigest;
    readonly anchor: "L0" | "L1";
  };
  readonly exit: ExitStatus;
}

export interface RuntimeOptions {
  /** The SQLite file. Made, with its key, where it is not there. */
  readonly store: string;
  /** The folder of keys and heads, outside the store: `~/.config/enclosure` where absent. */
  readonly home?: string;
  /** Where compiled agents are kept between runs; beside the store where absent. */
  readonly cache?: string;
  /** Values that `secrets: {from: "env:NAME"}` may name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A store opened for runs: many sessions may run at once on one runtime. */
export interface Runtime {
  run(options: RunOptions): Promise<RunResult>;
  /** Opens the store now, as the first run would: made where it is not there, what a dead process left open recovered. */
  open(): Promise<void>;
  /**
   * What stands in the log for a batch's job, by all that makes it this job: keyed with the log's own key, so that
   * nobody finds the job's input by trying. Opens the store.
   */
  batchJob(identity: string): Promise<HexDigest>;
  /** Whether the store or its key was made by this opening. */
  readonly made: { readonly store: boolean; readonly key: boolean };
  close(): Promise<void>;
}
