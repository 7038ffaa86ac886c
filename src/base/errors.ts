// Errors: one table of stable codes. Three kinds, never mixed. A *refusal* is a value that the broker records and the
// guest is told; a *fault* is something that the operator can mend, thrown as EnclosureError; a *bug* is an assertion
// (see assert.ts). docs/errors.md is made from this table, and a test provokes every code in it.

/** Exit statuses of the command line; `docs/cli.md` explains them. */
export const EXIT = {
  ok: 0,
  agentFailed: 1,
  usage: 2,
  refused: 3,
  limit: 4,
  invalid: 5,
  diverged: 6,
  cannotTell: 7,
  incomplete: 8,
  fault: 70,
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

interface CodeEntry {
  readonly kind: "refusal" | "fault" | "bug";
  readonly exit: ExitStatus;
  /** What has happened, as a sentence. */
  readonly means: string;
  /** What to do about it, as a sentence. */
  readonly mend: string;
}

const refusal = (means: string, mend: string): CodeEntry => ({ kind: "refusal", exit: EXIT.refused, means, mend });
const usage = (means: string, mend: string): CodeEntry => ({ kind: "fault", exit: EXIT.usage, means, mend });
const fault = (means: string, mend: string): CodeEntry => ({ kind: "fault", exit: EXIT.fault, means, mend });
const failed = (means: string, mend: string): CodeEntry => ({ kind: "fault", exit: EXIT.agentFailed, means, mend });
const limit = (means: string, mend: string): CodeEntry => ({ kind: "fault", exit: EXIT.limit, means, mend });
const invalid = (means: string, mend: string): CodeEntry => ({ kind: "fault", exit: EXIT.invalid, means, mend });

export const CODES = {
  // Values
  VALUE_INVALID: usage(
    "A value is not acceptable JSON, or is too large or too deep.",
    "Pass plain JSON within the stated bounds.",
  ),

  // Refusals by the broker
  GRANT_MISSING: refusal(
    "The manifest grants no capability of this name.",
    "Add the capability to the manifest, if the agent should have it.",
  ),
  FUNCTION_MISSING: refusal(
    "The capability has no function of this name.",
    "Call a function that the capability has; `enclosure explain` lists them.",
  ),
  RULE_FAILED: refusal(
    "No allow rule of the grant matches this call.",
    "Add a rule that matches to the grant, if the agent should be able to do this.",
  ),
  RULE_DENIED: refusal(
    "A deny rule of the grant matches this call. No approval lifts it.",
    "Change the deny rule in the manifest, if the agent should be able to do this.",
  ),
  ARGUMENT_INVALID: refusal(
    "The argument does not fit the function's input schema.",
    "Pass an argument that fits; `enclosure types` prints the shapes.",
  ),
  ARGUMENT_TOO_LARGE: refusal(
    "The argument is larger than the manifest's limit.",
    "Pass less, or raise limits.argument in the manifest.",
  ),
  BUDGET_EXCEEDED: refusal(
    "A budget of the grant is used up.",
    "Raise the grant's limits in the manifest, or make fewer calls.",
  ),
  IN_FLIGHT_EXCEEDED: refusal(
    "Too many calls are waiting for an answer at once.",
    "Await some calls before making more, or raise limits.inFlight.",
  ),
  APPROVAL_REFUSED: refusal("A person refused this call.", "Ask the person who refused it."),
  APPROVAL_UNAVAILABLE: refusal(
    "This call needs an approval, and nobody can be asked here.",
    "Run on a terminal, or allow the call in the manifest.",
  ),
  APPROVAL_TIMEOUT: refusal("Nobody answered the approval in time.", "Answer in time, or raise the rule's timeout."),

  // Calls that were admitted and failed
  CALL_FAILED: failed("The host's function failed.", "Look at the failure with `enclosure call`."),
  CALL_TIMEOUT: failed(
    "The call did not finish in time; whether it had an effect is unknown.",
    "Check the other side before trying again.",
  ),
  CALL_CANCELLED: failed("The agent cancelled the call.", "Nothing to mend."),
  RESULT_INVALID: failed(
    "The function's result does not fit its output schema, or cannot cross the door.",
    "Mend the host module's function or its output schema.",
  ),
  RESULT_TOO_LARGE: failed("The result is larger than the limit.", "Ask for less, or raise the limit in the manifest."),

  // What a run is made of
  AGENT_MISSING: usage(
    "There is no agent to run.",
    "Name the agent's file, or give it in the manifest as agent.entry.",
  ),
  FS_MOUNT_OVERLAPS: usage(
    "A mount reaches what keeps the record or decides what may be done, or a folder of another mount.",
    "Mount another folder, one that holds the agent's files alone.",
  ),

  // How a session ends
  AGENT_THREW: failed(
    "The agent's code threw an error that it did not catch.",
    "Mend the agent; `enclosure show` tells what it had done by then.",
  ),
  AGENT_STALLED: failed(
    "The agent waits for something that will never come: nothing is pending and it has not finished.",
    "Look for a promise that nothing settles.",
  ),
  GUEST_CRASHED: failed("The guest process died.", "Look at the detail; memory bombs and engine faults end so."),
  GUEST_PROTOCOL: failed(
    "The guest process broke the protocol and was killed.",
    "Treat the agent as hostile: this does not happen by accident.",
  ),
  LIMIT_STRUCK: limit(
    "The session ran into a limit of its manifest and was ended.",
    "Raise the limit in the manifest, if the agent should have more.",
  ),
  SESSION_INTERRUPTED: failed(
    "The session was interrupted before the agent had finished.",
    "Run it again, after looking at the calls whose outcome is unknown.",
  ),
  INPUT_INVALID: usage(
    "The input does not fit the manifest's agent.input, or is not plain JSON.",
    "Pass an input that fits.",
  ),
  OUTPUT_INVALID: failed(
    "The agent's output cannot cross, is too large, or does not fit the manifest's agent.output.",
    "Have the agent give plain data that fits.",
  ),

  // Command line and review
  USAGE_INVALID: usage(
    "The command line is not understood.",
    "Look at `enclosure help` and the command's own `--help`.",
  ),
  FILE_UNREADABLE: usage("A file that was named cannot be read.", "Check the path and its permissions."),
  FILE_EXISTS: usage(
    "A file that would be written is already there. Nothing was written.",
    "Move it away, or work in another folder.",
  ),
  STORE_MISSING: usage(
    "There is no store of records here.",
    "Name one with --store, or make one with `enclosure run`.",
  ),
  SESSION_MISSING: usage("The log has no such session.", "List the sessions with `enclosure sessions`."),
  SESSION_AMBIGUOUS: usage("Several sessions start with these digits.", "Give more digits of the session's id."),
  CALL_MISSING: usage("The session has no call of this number.", "List the calls with `enclosure calls`."),
  BATCH_INVALID: usage(
    "Lines of the jobs file are not jobs. Nothing was run.",
    "Mend the lines; each is one JSON object {id, agent, manifest, input, as?, onBehalfOf?}.",
  ),
  BATCH_BUSY: usage(
    "This batch, or a job of it, is being run by another process.",
    "Wait until it has ended, then run the batch again.",
  ),
  RESULTS_INVALID: usage(
    "The results file holds something else than results, or a result that the log does not have. Nothing was run.",
    "Name another file with --out, or move this one away: what the jobs did is in the log.",
  ),

  RESULTS_UNWRITABLE: fault(
    "The results file cannot be written. What the jobs did is in the log.",
    "Make room for it, or name another with --out, and run again: no job that came to its end is run a second time.",
  ),

  // The manifest and its lock
  MANIFEST_MISSING: usage(
    "The manifest is not there or cannot be read.",
    "Check the path, or write one with `enclosure init`.",
  ),
  MANIFEST_INVALID: usage("The manifest has problems. Nothing was run.", "Mend each problem that is listed."),
  MANIFEST_TOO_LARGE: usage("The manifest is larger or nested deeper than a manifest may be.", "Make it smaller."),
  MANIFEST_SYNTAX: usage(
    "The manifest is not the plain YAML 1.2 that a manifest is written in.",
    "Write plain YAML 1.2: one document, no tags, no merge keys, few aliases.",
  ),
  MANIFEST_KEY_DUPLICATE: usage("A key stands twice in one place.", "Keep one of them."),
  MANIFEST_KEY_UNKNOWN: usage("A key is not one that a manifest has.", "Remove it, or write the key that is meant."),
  MANIFEST_KEY_MISSING: usage("A key that must be there is missing.", "Add it."),
  MANIFEST_VALUE_INVALID: usage("A value is not of the form that its key takes.", "Write what the message expects."),
  MANIFEST_LIMIT_INVALID: usage(
    "A limit is beyond what can be kept; limits are refused, not clipped.",
    "Write a limit within the bounds in the message.",
  ),
  MANIFEST_SECRET_UNKNOWN: usage(
    "A placeholder names a secret that the manifest does not declare.",
    "Declare it under secrets.",
  ),
  MANIFEST_NOT_BUILT: usage(
    "The manifest asks for something whose enforcement is not built in this version, so it is refused.",
    "Remove it, or use a version that has it.",
  ),
  MANIFEST_SCHEMA_INVALID: usage(
    "A JSON Schema is not one that is accepted here.",
    "State types, and use only the keywords that docs/manifest.md lists.",
  ),
  MANIFEST_RULE_UNREACHABLE: usage(
    "A rule can never decide anything, though it looks as if it did.",
    "Remove the rule, or mend what it names.",
  ),
  PROFILE_UNKNOWN: usage("The manifest has no profile of this name.", "Name one of the manifest's profiles."),
  PROFILE_GRANTS_MORE: usage(
    "A profile would grant more, or record less, than the manifest itself.",
    "Widen the manifest instead; a profile only narrows.",
  ),
  LOCK_MISSING: usage(
    "The manifest has host modules and no lock: rules that name their functions were not checked.",
    "Write the lock with `enclosure pin`; it runs the modules once.",
  ),
  LOCK_INVALID: usage("The lock beside the manifest is not one.", "Write it anew with `enclosure pin`."),
  LOCK_UNWRITABLE: usage(
    "The lock cannot be written beside the manifest.",
    "Check the folder's permissions and its room.",
  ),
  LOCK_MISMATCH: usage(
    "A host module is not the one that the lock was written for.",
    "Look at what has changed, then write the lock anew with `enclosure pin`.",
  ),

  // The bundle
  BUNDLE_REFUSED: usage(
    "The agent's or a host module's source cannot be bundled. Nothing was run.",
    "Mend each problem that is listed.",
  ),
  BUNDLE_FAILED: fault(
    "The compiler could not be run.",
    "Install the product's packages anew; `enclosure doctor` shows what is missing.",
  ),
  BUNDLE_TOO_LARGE: usage(
    "The source has more files or bytes than a bundle may have.",
    "Import less, or import smaller packages.",
  ),
  BUNDLE_TIMEOUT: usage(
    "Bundling took longer than it may.",
    "Import less; look for an import whose path is put together at run time.",
  ),
  SOURCE_INVALID: usage(
    "A source file is not the TypeScript or JavaScript that it should be.",
    "Mend the source line.",
  ),
  IMPORT_OUTSIDE: usage(
    "An import names something outside the project.",
    "Keep what is imported inside the project or its node_modules.",
  ),
  IMPORT_MISSING: usage(
    "An import names something that is not there.",
    "Write the file's relative path, or install the package.",
  ),
  IMPORT_UNSUPPORTED: usage(
    "An import names a kind of file that cannot be bundled.",
    "Import TypeScript, JavaScript or JSON.",
  ),
  IMPORT_BUILTIN: usage(
    "An agent imports a Node built-in, and an enclosure has none.",
    "Use a capability that the manifest grants.",
  ),
  IMPORT_DYNAMIC: usage(
    "What is imported is known at run time only, and nothing can be loaded then.",
    "Import it by a literal name.",
  ),
  IMPORT_UNGRANTED: usage(
    "An agent imports a capability that the manifest does not grant.",
    "Add it to the manifest, if the agent should have it.",
  ),

  // Host modules
  MODULE_INVALID: usage(
    "A host module does not define its functions as it should.",
    "Mend each problem that is listed.",
  ),
  MODULE_STOPPED: failed(
    "The host module's thread has stopped.",
    "Look at the failure with `enclosure call`, and mend the host module.",
  ),

  // The guest process
  OS_SANDBOX_MISSING: fault(
    "The operating system's sandbox cannot be put up around the guest process here.",
    "Install bubblewrap (`apt-get install bubblewrap`) and let this account make user namespaces; a container needs them allowed. `enclosure doctor` tells what stands.",
  ),
  ENGINE_OUTDATED: fault(
    "Node, and V8 with it, or isolated-vm is older than this release knows: fixes of weaknesses may be missing.",
    "Update it: `npm ci` brings the versions that belong together.",
  ),
  GUEST_START_FAILED: fault(
    "The guest process could not be started, or its limits could not be kept here.",
    "Run on Linux with Node 26 and the installed packages as they came; `enclosure doctor` looks at each.",
  ),

  // The log and its store
  STORE_FOREIGN: usage("The file is not a store of records of this program.", "Name the right file with --store."),
  STORE_LINKED: usage(
    "The store's file has several names (hard links): those who come by another would share its records and not its locks.",
    "Leave it one name: remove the others, or copy the file, while nobody writes to it; a symbolic link does no harm.",
  ),
  STORE_NEWER: usage("The store was made by a newer version of this program.", "Update the program."),
  STORE_BUSY: fault(
    "Another process holds the store for longer than this one may wait.",
    "End the process that holds it, and run again.",
  ),
  STORE_UNWRITABLE: fault(
    "The store cannot be opened for writing.",
    "Check the permissions of the file and of its folder. To read a store where nobody may write, copy its folder first.",
  ),
  STORE_DAMAGED: invalid(
    "The store's file is damaged or was changed from outside.",
    "Look at `enclosure verify`; restore the newest copy that verifies.",
  ),
  LOG_WRITE_FAILED: fault(
    "Records could not be written. Nothing that they stand for has left the session.",
    "Make room where the message says, or let this user write there, and run again.",
  ),
  LOG_BEHIND_HEAD: invalid(
    "The store lacks records that were in it before: it was cut, damaged, or replaced by an older copy.",
    "Bring back the newest copy of the store; `enclosure verify` names what is lost. If there is none, go on in a new store (--store), and keep the old one and its keys as evidence: in this version no record can acknowledge the loss.",
  ),
  LOG_FORKED: invalid(
    "The store and a copy of it have both gone on, under one key. Nothing was signed that the other contradicts.",
    "Run `enclosure verify` on both, go on in a new store (--store), and keep both and their keys as evidence: in this version no record can join them again.",
  ),
  LOG_INVALID: invalid(
    "The log contradicts itself or what was signed.",
    "Look at `enclosure verify`; do not write to this store.",
  ),
  RECORD_REFUSED: fault(
    "A record would hold something that a body may not hold for ever. It was not written, and the session ends.",
    "Shorten the name that the message tells, or report a bug.",
  ),
  KEY_MISSING: fault(
    "The log's own keys are not in the key folder.",
    "Run as the user who made the store, or name the key folder that belongs to it.",
  ),
  KEY_UNWRITABLE: fault(
    "The log's own keys cannot be written, and nothing is recorded without them.",
    "Let this user write the key folder, or name another with ENCLOSURE_HOME.",
  ),
  KEY_EXPOSED: fault(
    "A secret key can be read by others, or would lie with the store that it signs for.",
    "Take the rights of others away: chmod 600; keep keys and store in different folders.",
  ),
  KEY_INVALID: usage(
    "This is not a key of the form that is wanted.",
    "Give a C2SP verifier key, or restore the key file.",
  ),
  NOTE_INVALID: invalid(
    "A signed note is malformed, or its signature is wrong.",
    "Get the note again from where it was kept.",
  ),
  INTERRUPTED: failed(
    "The process that performed the call died before the outcome was recorded.",
    "Check the other side: whether the call had an effect is unknown.",
  ),
  // Secrets
  SECRET_MISSING: usage(
    "A secret that the manifest declares is not where it says.",
    "Set the variable, or put the file there.",
  ),
  SECRET_TOO_SHORT: usage(
    "A secret is so short that it could not be told from chance in a text, so it could not be redacted.",
    "Use a longer secret.",
  ),
  SECRET_INVALID: usage(
    "A secret's file is no plain file, is too large, may be written by others, or holds what no credential holds.",
    "Put the value alone into a file that only its owner may write.",
  ),
  SECRET_UNKNOWN: failed(
    "A placeholder names a secret that the manifest does not declare.",
    "Declare it under secrets, or correct the name.",
  ),
  SECRET_HOST_REFUSED: failed(
    "A secret would have been sent to a host that it does not name. Nothing was sent.",
    "Add the host to the secret's hosts, if it should have it.",
  ),

  // The kind http
  HTTP_NAME_UNKNOWN: failed("The host's name has no address.", "Check the name, and the network."),
  HTTP_ADDRESS_REFUSED: failed(
    "The host's name leads to a private or special address that the grant does not list. Nothing was sent.",
    "List the network under the grant's addresses, if the agent should reach it.",
  ),
  HTTP_CONNECT_FAILED: failed(
    "No connection to the host could be made. Nothing was sent.",
    "Check that the server is up, and its certificate.",
  ),
  HTTP_RESPONSE_BROKEN: failed(
    "The connection was cut, or the response is malformed.",
    "Look at the detail with `enclosure call`; check the other side before sending a write again.",
  ),
  HTTP_REDIRECTS_EXCEEDED: failed(
    "The request was redirected more often than the grant allows.",
    "Ask for the final address, or raise limits.redirects of the grant.",
  ),

  // The kind fs
  FS_UNSUPPORTED: usage(
    "This system has no /proc/self/fd, without which files cannot be held to their mount.",
    "Run on Linux, or remove the grant.",
  ),
  FS_MOUNT_INVALID: usage("A mount's folder is not there, or is no folder.", "Make the folder, or correct the path."),
  FS_NOT_FOUND: failed("There is no file or folder at the path.", "Check the path; `list` shows what is there."),
  FS_EXISTS: failed("There is something at the path already.", "Remove it first, or take another path."),
  FS_WRONG_TYPE: failed("The path is a folder where a file is needed, or the reverse.", "Take another path."),
  FS_REFUSED: failed(
    "The path is, or leads through, a link, a device or something else that a mount does not hand out.",
    "Put a plain file there, with one name.",
  ),
  FS_NOT_TEXT: failed("The file is not UTF-8 text.", "Read it with readBytes."),
  FS_QUOTA_EXCEEDED: failed(
    "The mount's quota would be exceeded. Nothing was written.",
    "Remove files, or raise the mount's quota.",
  ),
  FS_FAILED: failed(
    "The operating system refused to read or write the file.",
    "Look at the detail with `enclosure call`.",
  ),
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof CODES;

/** Where in an input a fault lies. Line and column count from 1. */
export interface Location {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorDetails {
  /** What to do about this very case; the table's sentence where absent. */
  readonly mend?: string;
  readonly location?: Location;
  readonly cause?: unknown;
  /** Every problem, where one fault stands for many (a bad manifest). */
  readonly problems?: readonly Problem[];
}

/** One finding about an input file. */
export interface Problem {
  readonly code: ErrorCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** JSON pointer (RFC 6901) into the file; "" is the whole of it. */
  readonly pointer: string;
  readonly mend: string;
  /** Where the problem lies in another file than the one that was read. */
  readonly file?: string;
}

/** A fault with a stable code. Its message is for the operator, and never crosses to the guest. */
export class EnclosureError extends Error {
  override readonly name = "EnclosureError";
  readonly code: ErrorCode;
  readonly mend: string;
  readonly location: Location | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.mend = details.mend ?? CODES[code].mend;
    this.location = details.location;
    this.problems = details.problems ?? [];
  }

  get exit(): ExitStatus {
    return CODES[this.code].exit;
  }
}

/** `error` as an EnclosureError, when it is one with one of `codes` (or with any code, where none is named). */
export function isFault(error: unknown, ...codes: readonly ErrorCode[]): error is EnclosureError {
  return error instanceof EnclosureError && (codes.length === 0 || codes.includes(error.code));
}
