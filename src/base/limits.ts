// Limits: every bound of the product in one table, the unit last in the name. A bound that a manifest can set has its
// default and its ceiling in MANIFEST_LIMITS; the others are fixed. A limit that cannot be kept is refused, not clipped.

const KiB = 1024;
const MiB = 1024 * KiB;

/** What a manifest's `limits` may say: default where it says nothing, and the most that it may ask for. */
export const MANIFEST_LIMITS = {
  wallMs: { default: 5 * 60_000, min: 100, max: 24 * 3_600_000 },
  cpuMs: { default: 20_000, min: 50, max: 3_600_000 },
  memoryBytes: { default: 128 * MiB, min: 16 * MiB, max: 4096 * MiB },
  calls: { default: 500, min: 0, max: 1_000_000 },
  inFlight: { default: 16, min: 1, max: 1024 },
  timers: { default: 1000, min: 0, max: 100_000 },
  argumentBytes: { default: 1 * MiB, min: 64, max: 16 * MiB },
  resultBytes: { default: 4 * MiB, min: 64, max: 32 * MiB },
  logBytes: { default: 1 * MiB, min: 0, max: 64 * MiB },
} as const;

export type SessionLimitName = keyof typeof MANIFEST_LIMITS;
export type SessionLimits = { readonly [Name in SessionLimitName]: number };

export const DEFAULT_SESSION_LIMITS: SessionLimits = Object.fromEntries(
  Object.entries(MANIFEST_LIMITS).map(([name, bound]) => [name, bound.default]),
) as unknown as SessionLimits;

/** A record's body: a tlog entry holds 65,535 bytes (C2SP tlog-tiles); some are kept back. */
export const BODY_BYTES_MAX = 60_000;
/** A manifest file. */
export const MANIFEST_BYTES_MAX = 1 * MiB;
/** YAML aliases that a manifest may expand to. */
export const MANIFEST_ALIASES_MAX = 50;
/** Problems reported for one file before the rest is only counted. */
export const PROBLEMS_MAX = 200;
/** One input file of a bundle, all of them together, and their number. */
export const BUNDLE_FILE_BYTES_MAX = 8 * MiB;
export const BUNDLE_INPUT_BYTES_MAX = 64 * MiB;
export const BUNDLE_FILES_MAX = 10_000;
/** The compiled script of an agent. */
export const SCRIPT_BYTES_MAX = 16 * MiB;
export const BUNDLE_MS_MAX = 60_000;
/** The resident memory of the compiler's process, and one answer of it, which the host holds and decodes. */
export const COMPILER_MEMORY_BYTES_MAX = 1024 * MiB;
export const COMPILER_ANSWER_BYTES_MAX = 64 * MiB;
/** What an import may be spelled with, and a path that a package.json gives: no path of Linux is longer. */
export const SPECIFIER_CHARS_MAX = 4096;
/** A package.json that an import leads through. */
export const PACKAGE_JSON_BYTES_MAX = 1 * MiB;
/** A host module's start: its top level and its factory. */
export const MODULE_LOAD_MS_MAX = 30_000;
/** Functions of one host module, the bytes of its whole function table, and the text of its own that is kept for a failure. */
export const MODULE_FUNCTIONS_MAX = 1000;
export const MODULE_TABLE_BYTES_MAX = 4 * MiB;
export const MODULE_TEXT_CHARS_MAX = 8 * KiB;
/** A host module's heap: what V8 keeps for long. */
export const MODULE_HEAP_MIB_MAX = 512;
/** A frame's header (JSON, bounded), and what a frame may carry beyond the session's own limits. */
export const FRAME_HEADER_BYTES_MAX = 8 * KiB;
export const FRAME_BODY_BYTES_MAX = 33 * MiB;
/** How long a guest process may take until it is ready. */
export const GUEST_START_MS_MAX = 30_000;
/** One delivery into the guest may run this long before the isolate is interrupted; the watchdogs bound the rest. */
export const TURN_MS_MAX = 60_000;
/** One line or note, in UTF-16 units; the guest cuts off what is beyond. */
export const LOG_TEXT_CHARS_MAX = 1024 * KiB;
/** An error's message and stack as the guest may hand them out, in UTF-16 units. */
export const ERROR_MESSAGE_CHARS_MAX = 8 * KiB;
export const ERROR_STACK_CHARS_MAX = 16 * KiB;
/** How long pending calls may take to stop after the agent has ended. */
export const CLOSE_GRACE_MS = 2_000;
/** How long an append may wait for another process that holds the store. */
export const STORE_BUSY_MS_MAX = 10_000;
/** Records between checkpoints, and the time after which one is due while records were added. */
export const CHECKPOINT_RECORDS = 256;
export const CHECKPOINT_MS = 10_000;
/** A secret shorter than this cannot be told from chance in a text, so it cannot be redacted: refused. */
export const SECRET_CHARS_MIN = 8;
