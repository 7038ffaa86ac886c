// The keys of a log: files in the user's own folder, outside the store. Secret ones are readable by their owner alone;
// one that others can read is a fault, not a warning. Layout: <home>/logs/<log>/{log.key, log.vkey, payload.key,
// person.key, heads/}. A file is written whole or not at all, and synced before anything that needs it is.

import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseVerifierKey, spellVerifierKey, type VerifierKey, verifierKey } from "../audit/note.ts";
import type { Signer } from "../audit/powers.ts";
import { fromHex, hex } from "../base/bytes.ts";
import { EnclosureError, isFault } from "../base/errors.ts";
import type { Random } from "../base/powers.ts";
import { shellWord } from "../base/shell.ts";
import { hostHasher, makeSigningKey, signerOf } from "./crypto.ts";
import { makeFolder, syncFolder } from "./folders.ts";

const ORIGIN = /^enclosure\.local\/([0-9a-f]{16})$/;
const SECRET_BYTES = 32;

export interface LogKeys {
  /** Where they lie; the heads too. */
  readonly folder: string;
  readonly signer: Signer;
  readonly verifier: VerifierKey;
  /** Wraps the data keys of payloads. */
  readonly wrapping: Uint8Array;
  /** Makes pseudonyms. */
  readonly person: Uint8Array;
}

export function makeOrigin(random: Random): string {
  return `enclosure.local/${hex(random.bytes(8))}`;
}

/** The folder of a log's keys and heads. @throws EnclosureError LOG_INVALID where the origin is not one that we make. */
export function logFolder(home: string, origin: string): string {
  const name = ORIGIN.exec(origin)?.[1];
  if (name === undefined) throw new EnclosureError("LOG_INVALID", "the log's origin is not one of this program's");
  return join(home, "logs", name);
}

/** The folders of all logs that this user has keys for. */
export function logFolders(home: string): readonly string[] {
  const logs = join(home, "logs");
  try {
    const names = readdirSync(logs).filter((name) => /^[0-9a-f]{16}$/.test(name));
    return names.map((name) => join(logs, name));
  } catch (error) {
    // Where the home is no folder, making the keys says so.
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** Makes the keys of a new log: all of them or none. @throws EnclosureError KEY_UNWRITABLE */
export function makeLogKeys(home: string, origin: string, random: Random): LogKeys {
  try {
    writeLogKeys(logFolder(home, origin), origin, random);
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    if (code !== "ENOTDIR") removeLogKeys(home, origin);
    throw new EnclosureError("KEY_UNWRITABLE", `the log's keys cannot be written into ${home} (${code})`, { cause });
  }
  return loadLogKeys(home, origin);
}

function writeLogKeys(folder: string, origin: string, random: Random): void {
  makeFolder(folder);
  const pem = makeSigningKey();
  const verifier = verifierKey(origin, signerOf(pem).publicKey, hostHasher);
  writeWhole(join(folder, "payload.key"), `${hex(random.bytes(SECRET_BYTES))}\n`, 0o600);
  writeWhole(join(folder, "person.key"), `${hex(random.bytes(SECRET_BYTES))}\n`, 0o600);
  writeWhole(join(folder, "log.key"), pem, 0o600);
  writeWhole(join(folder, "log.vkey"), `${spellVerifierKey(verifier)}\n`, 0o644);
}

/** Takes back the keys of a log that did not come to be. */
export function removeLogKeys(home: string, origin: string): void {
  rmSync(logFolder(home, origin), { recursive: true, force: true });
}

/** @throws EnclosureError KEY_MISSING, KEY_EXPOSED, KEY_INVALID */
export function loadLogKeys(home: string, origin: string): LogKeys {
  const folder = logFolder(home, origin);
  const signer = readSigner(join(folder, "log.key"));
  return {
    folder,
    signer,
    verifier: verifierKey(origin, signer.publicKey, hostHasher),
    wrapping: readSecretBytes(join(folder, "payload.key")),
    person: readSecretBytes(join(folder, "person.key")),
  };
}

/** The key that opens payloads, where this user has it. @throws EnclosureError KEY_EXPOSED, KEY_INVALID */
export function findWrappingKey(home: string, origin: string): Uint8Array | undefined {
  const path = join(logFolder(home, origin), "payload.key");
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readSecretBytes(path);
}

/** The verifier key of a log, where this user has it. @throws EnclosureError KEY_INVALID */
export function findVerifierKey(home: string, origin: string): VerifierKey | undefined {
  const path = join(logFolder(home, origin), "log.vkey");
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  return parseVerifierKey(readFileSync(path, "utf8").trim(), hostHasher);
}

function readSigner(path: string): Signer {
  try {
    return signerOf(readSecret(path));
  } catch (error) {
    if (!isFault(error, "KEY_INVALID")) throw error;
    throw new EnclosureError("KEY_INVALID", `${path}: ${error.message}`, { cause: error });
  }
}

function readSecretBytes(path: string): Uint8Array {
  const text = readSecret(path).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new EnclosureError("KEY_INVALID", `${path} does not hold a key`);
  return fromHex(text);
}

function readSecret(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new EnclosureError("KEY_MISSING", `there is no key at ${path}`);
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new EnclosureError("KEY_EXPOSED", `${path} can be read by others than its owner`, {
      mend: `chmod 600 ${shellWord(path)}`,
    });
  }
  return readFileSync(path, "utf8");
}

/** Under another name first, so that no reader and no crash ever sees half of it. Never over a file that is there. */
function writeWhole(path: string, text: string, mode: number): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, "wx", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  linkSync(fresh, path);
  rmSync(fresh);
  syncFolder(dirname(path));
}
