// The jail: the only way by which the bundler reads a file. Real paths inside the project root alone, regular files alone,
// bounded in size, number and sum; each file's bytes are read once, and their digest is of the very bytes that are used.
// Attacks: `..` and absolute paths, symbolic links that lead out, a link swapped in between check and use, a FIFO that
// never ends. A hard link is the file itself, and a project that holds one holds the file.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { sep } from "node:path";
import { type Hasher, sha256Hex } from "../base/bytes.ts";
import { PACKAGE_JSON_BYTES_MAX } from "../base/limits.ts";
import type { BundleInput } from "./contract.ts";
import { isInside, toProjectPath } from "./root.ts";

export interface JailLimits {
  readonly files: number;
  readonly fileBytes: number;
  readonly inputBytes: number;
}

/** What a path names, as far as the jail tells: what lies outside is never looked at, not even for being there. */
export type Found =
  | { readonly kind: "file" | "folder"; readonly path: string }
  | { readonly kind: "absent" }
  | { readonly kind: "outside" };

/** Why a file was not read. */
export class JailError extends Error {
  override readonly name = "JailError";
  readonly code: "BUNDLE_TOO_LARGE" | "IMPORT_MISSING" | "IMPORT_OUTSIDE";

  constructor(code: JailError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export class Jail {
  readonly root: string;
  readonly #hasher: Hasher;
  readonly #limits: JailLimits;
  readonly #found = new Map<string, Found>();
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly input: BundleInput }>();
  readonly #packages = new Map<string, Uint8Array | undefined>();
  #inputBytes = 0;

  constructor(root: string, hasher: Hasher, limits: JailLimits) {
    this.root = root;
    this.#hasher = hasher;
    this.#limits = limits;
  }

  /** Every file that was read as an input so far, sorted by path. */
  get inputs(): readonly BundleInput[] {
    const inputs = [...this.#files.values()].map((file) => file.input);
    return inputs.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** What stands at an absolute path, by its real path. */
  find(path: string): Found {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    const found = this.#look(path);
    this.#found.set(path, found);
    return found;
  }

  #look(path: string): Found {
    if (path.includes("\0")) return { kind: "absent" };
    if (!isInside(this.root, path)) return { kind: "outside" };
    try {
      const real = realpathSync(path);
      if (!isInside(this.root, real)) return { kind: "outside" };
      const stat = statSync(real);
      if (stat.isFile()) return { kind: "file", path: real };
      return stat.isDirectory() ? { kind: "folder", path: real } : { kind: "absent" };
    } catch {
      return { kind: "absent" };
    }
  }

  /** Whether a real path is an input already. */
  has(real: string): boolean {
    return this.#files.has(real);
  }

  /** The bytes of an input, by a real path that {@link find} gave. @throws JailError */
  read(real: string): Uint8Array {
    const known = this.#files.get(real);
    if (known !== undefined) return known.bytes;
    const bytes = this.#readInside(real, this.#limits.fileBytes);
    this.#admit(real, bytes);
    return bytes;
  }

  /** A package.json, which is no input until {@link count} says that something of it was used. @throws JailError */
  readPackage(real: string): Uint8Array {
    const bytes = this.#packages.get(real) ?? this.#readInside(real, PACKAGE_JSON_BYTES_MAX);
    this.#packages.set(real, bytes);
    return bytes;
  }

  /** Makes a package.json that has been read an input. @throws JailError BUNDLE_TOO_LARGE */
  count(real: string): void {
    const bytes = this.#packages.get(real);
    if (bytes !== undefined && !this.#files.has(real)) this.#admit(real, bytes);
  }

  #admit(real: string, bytes: Uint8Array): void {
    this.#inputBytes += bytes.length;
    if (this.#files.size >= this.#limits.files)
      throw new JailError("BUNDLE_TOO_LARGE", `a bundle may have ${this.#limits.files} files at most`);
    if (this.#inputBytes > this.#limits.inputBytes)
      throw new JailError("BUNDLE_TOO_LARGE", `a bundle's files may have ${this.#limits.inputBytes} bytes at most`);
    const input = {
      path: toProjectPath(this.root, real),
      sha256: sha256Hex(bytes, this.#hasher),
      bytes: bytes.length,
    };
    this.#files.set(real, { bytes, input });
  }

  #readInside(real: string, bytesMax: number): Uint8Array {
    const shown = toProjectPath(this.root, real);
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    let descriptor: number;
    try {
      descriptor = openSync(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch {
      throw new JailError("IMPORT_MISSING", `${shown} cannot be read`);
    }
    try {
      const opened = fstatSync(descriptor);
      // Opened first, then compared with what the checked path names now: a link swapped in meanwhile shows here.
      const named = statSync(real, { throwIfNoEntry: false });
      const same = named !== undefined && named.ino === opened.ino && named.dev === opened.dev;
      if (!same || !isInside(this.root, realpathSync(real)))
        throw new JailError("IMPORT_OUTSIDE", `${shown} changed while it was being read`);
      if (!opened.isFile()) throw new JailError("IMPORT_MISSING", `${shown} is not a file`);
      if (opened.size > bytesMax) throw tooLarge(shown, bytesMax);
      return readAll(descriptor, opened.size, () => tooLarge(shown, bytesMax));
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Reads what fstat promised and one byte more, so that a file that grows is seen. */
function readAll(descriptor: number, size: number, grown: () => JailError): Uint8Array {
  const buffer = new Uint8Array(size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > size) throw grown();
  }
}

function tooLarge(shown: string, bytesMax: number): JailError {
  return new JailError("BUNDLE_TOO_LARGE", `${shown} is larger than ${bytesMax} bytes, or grows`);
}

/** The nearest folder that may have a package.json for `path`, and those above it, up to the root. */
export function* foldersUpward(root: string, folder: string): Generator<string> {
  for (let one = folder; isInside(root, one); one = one.slice(0, one.lastIndexOf(sep))) yield one;
}
