// Secrets: reads the values that a manifest declares, hands each out only towards the hosts that it names, and takes
// them out of whatever comes back. A value never stands in an error's message. Redaction finds a value as it is and in
// the usual encodings (base64 at every offset, hexadecimal, percent, JSON, HTML); beyond that it is best effort.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { EnclosureError, type ErrorCode } from "../base/errors.ts";
import { SECRET_CHARS_MIN } from "../base/limits.ts";
import { placeholderOf, type Secrets } from "../base/secrets.ts";

export interface DeclaredSecret {
  /** "env:NAME" or "file:/path", a relative path being one in the manifest's folder. */
  readonly from: string;
  /** Host names, or host:port. */
  readonly hosts: readonly string[];
}

const FILE_BYTES_MAX = 64 * 1024;

interface Secret {
  readonly name: string;
  readonly value: string;
  readonly hosts: ReadonlySet<string>;
}

/**
 * Reads every declared secret.
 * @throws EnclosureError SECRET_MISSING, SECRET_TOO_SHORT, SECRET_INVALID: the first one's code, a message about all
 */
export function loadSecrets(
  declared: { readonly [name: string]: DeclaredSecret },
  from: { readonly env: Readonly<Record<string, string | undefined>>; readonly folder: string },
): Secrets {
  const secrets: Secret[] = [];
  const problems: { readonly code: ErrorCode; readonly message: string }[] = [];
  for (const [name, { from: source, hosts }] of Object.entries(declared)) {
    const value = source.startsWith("env:")
      ? readVariable(source.slice(4), from.env)
      : readFile(resolve(from.folder, source.slice(5)));
    const problem = typeof value === "string" ? valueProblem(value) : value;
    if (problem !== undefined)
      problems.push({ code: problem.code, message: `the secret ${name} (${source}) ${problem.message}` });
    else secrets.push({ name, value: value as string, hosts: new Set(hosts.map((host) => host.toLowerCase())) });
  }
  const [first] = problems;
  if (first !== undefined) throw new EnclosureError(first.code, problems.map(({ message }) => message).join("; "));
  return makeSecrets(secrets);
}

interface Refused {
  readonly code: ErrorCode;
  readonly message: string;
}

function readVariable(name: string, env: Readonly<Record<string, string | undefined>>): string | Refused {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value ?? { code: "SECRET_MISSING", message: "is not set in the environment" };
}

function readFile(path: string): string | Refused {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return { code: "SECRET_MISSING", message: "cannot be opened" };
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { code: "SECRET_INVALID", message: "is no plain file" };
    if ((mode & 0o022) !== 0) return { code: "SECRET_INVALID", message: "may be written by others than its owner" };
    if (size > FILE_BYTES_MAX) return { code: "SECRET_INVALID", message: `is larger than ${FILE_BYTES_MAX} bytes` };
    const buffer = new Uint8Array(FILE_BYTES_MAX);
    const length = readSync(fd, buffer);
    return fromUtf8(buffer.subarray(0, length)).replace(/\r?\n$/, "");
  } catch {
    return { code: "SECRET_INVALID", message: "cannot be read as text" };
  } finally {
    closeSync(fd);
  }
}

function valueProblem(value: string): Refused | undefined {
  if (value.length < SECRET_CHARS_MIN)
    return { code: "SECRET_TOO_SHORT", message: `has fewer than ${SECRET_CHARS_MIN} characters` };
  if (/\p{Cc}/u.test(value) || !value.isWellFormed())
    return { code: "SECRET_INVALID", message: "holds a control character" };
  return undefined;
}

function makeSecrets(list: readonly Secret[]): Secrets {
  const byName = new Map(list.map((secret) => [secret.name, secret]));
  const needles = list
    .flatMap(({ name, value }) =>
      [...spellings(value)].map((text) => ({ text, bytes: utf8(text), placeholder: placeholderOf(name) })),
    )
    .sort((a, b) => b.bytes.length - a.bytes.length);

  function redact(input: string): string;
  function redact(input: Uint8Array): Uint8Array;
  function redact(input: string | Uint8Array): string | Uint8Array {
    if (typeof input === "string")
      return needles.reduce((text, needle) => text.replaceAll(needle.text, () => needle.placeholder), input);
    return needles.reduce((bytes, needle) => replaceBytes(bytes, needle.bytes, needle.placeholder), input);
  }

  return {
    reveal(name, host, port) {
      const secret = byName.get(name);
      if (secret === undefined) throw new EnclosureError("SECRET_UNKNOWN", `no secret is called ${name}`);
      if (secret.hosts.has(host) || secret.hosts.has(`${host}:${port}`)) return secret.value;
      throw new EnclosureError("SECRET_HOST_REFUSED", `the secret ${name} may not be sent to ${host}:${port}`);
    },
    redact,
  };
}

/** The texts under which a value may come back. */
function spellings(value: string): ReadonlySet<string> {
  const bytes = utf8(value);
  const percent = encodeURIComponent(value);
  const everyByte = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const json = JSON.stringify(value).slice(1, -1);
  const html = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return new Set([
    value,
    ...base64Spellings(bytes),
    bytes.toHex(),
    bytes.toHex().toUpperCase(),
    percent,
    percent.replaceAll("%20", "+"),
    percent.replace(/%[0-9A-F]{2}/g, (triplet) => triplet.toLowerCase()),
    everyByte,
    everyByte.toUpperCase(),
    json,
    json.replaceAll("/", "\\/"),
    html,
    html.replaceAll("'", "&#39;"),
  ]);
}

/** Base64 of the value at each of the three places that it can have in a longer text, without the characters that it shares. */
function base64Spellings(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const text = padded.toBase64({ omitPadding: true });
    const shared = padded.length % 3 === 0 ? 0 : 1;
    const own = text.slice([0, 2, 3][offset], text.length - shared);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function replaceBytes(bytes: Uint8Array, needle: Uint8Array, placeholder: string): Uint8Array {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = whole.indexOf(needle); at >= 0; at = whole.indexOf(needle, from)) {
    parts.push(whole.subarray(from, at), utf8(placeholder));
    from = at + needle.length;
  }
  if (parts.length === 0) return bytes;
  return new Uint8Array(Buffer.concat([...parts, whole.subarray(from)]));
}
