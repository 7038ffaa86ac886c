// Addresses of requests: one reading of a URL, for a rule's pattern and for a guest's request alike. WHATWG URL does the
// parsing; what servers, proxies and parsers are known to read in different ways is refused before it can matter:
// user information, backslashes, control characters, encoded slashes, dots and percents, empty segments, path
// parameters. Pure.

import { isHost } from "../../base/hosts.ts";
import { type PathPattern, makePathPattern, matchesPath, PATTERN_CHARS_MAX, starProblem } from "../path-pattern.ts";

export const URL_CHARS_MAX = 8192;
/** An address, once WHATWG has spelled it. */
const NUMERIC_HOST = /^([0-9.]+|\[.*\])$/;

export interface Origin {
  readonly scheme: "http" | "https";
  /** As WHATWG spells it: lower case, punycode, IPv6 in brackets. In a pattern it may start with "*.": one label. */
  readonly host: string;
  readonly port: number;
}

export interface Address extends Origin {
  /** Decoded, for matching. */
  readonly segments: readonly string[];
  /** As it is sent: percent-encoded, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface RequestPattern {
  readonly text: string;
  /** A method, or "*". */
  readonly method: string;
  readonly origin: Origin;
  readonly path: PathPattern;
}

/** Methods that a request may have; the table's value says whether it only reads. */
export const METHODS: ReadonlyMap<string, boolean> = new Map([
  ["GET", true],
  ["HEAD", true],
  ["OPTIONS", true],
  ["QUERY", true],
  ["POST", false],
  ["PUT", false],
  ["PATCH", false],
  ["DELETE", false],
]);

/** A text that is no acceptable address or pattern; the message is the end of a sentence. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** @throws AddressError */
export function parseAddress(text: string): Address {
  if (text.length > URL_CHARS_MAX) throw new AddressError(`is longer than ${URL_CHARS_MAX} characters`);
  // Before the parser sees it: WHATWG strips white space and turns backslashes into slashes.
  if (/[\p{Cc} \\]/u.test(text)) throw new AddressError("holds white space, a control character or a backslash");
  const beforeQuery = (/^[^?#]*/.exec(text) as RegExpExecArray)[0];
  // Encoded dots too: WHATWG resolves them as dots.
  if (/%(2e|2f|5c|25)/i.test(beforeQuery))
    throw new AddressError("has an encoded dot, slash, backslash or percent sign");
  if (!URL.canParse(text)) throw new AddressError("is not an absolute URL");
  const url = new URL(text);
  if (/^[a-z]+:\/\/[^/]*@/i.test(beforeQuery) || url.username !== "" || url.password !== "")
    throw new AddressError("holds user information");
  const { scheme, host, port } = originOf(url);
  const segments = decodePath(url.pathname);
  return { scheme, host, port, segments, path: url.pathname, query: url.searchParams };
}

/** The text of a URL as it is sent; a fragment is never part of it. */
export function spellAddress(origin: Origin, pathAndQuery: string): string {
  return `${spellOrigin(origin)}${pathAndQuery}`;
}

export function spellOrigin({ scheme, host, port }: Origin): string {
  return `${scheme}://${host}${port === defaultPort(scheme) ? "" : `:${port}`}`;
}

/** "GET https://api.example.com/v2/**" and the like. @throws AddressError */
export function parseRequestPattern(text: string): RequestPattern {
  const parts = /^(\*|[A-Z]+) ([a-z]+):\/\/([^/]+)(\/.*)?$/.exec(text);
  if (parts === null || text.length > PATTERN_CHARS_MAX)
    throw new AddressError('is not of the form "METHOD scheme://host[:port]/path"');
  const [, method, scheme, authority, path = "/"] = parts as unknown as [string, string, string, string, string?];
  if (/[\p{C}\p{Z}]/u.test(`${authority}${path}`)) throw new AddressError("holds a character that cannot be seen");
  if (method !== "*" && !METHODS.has(method))
    throw new AddressError(`has the method ${method}; known: *, ${[...METHODS.keys()].join(", ")}`);
  if (/[?#]/.test(path)) throw new AddressError("holds a query or a fragment; a query is granted with the key query");
  const problem = starProblem(path);
  if (problem !== undefined) throw new AddressError(problem);
  const origin = parseOrigin(scheme, authority);
  if (path.split("/").some((segment) => /^\.\.?$/.test(segment))) throw new AddressError("has dots as a path segment");
  parseAddress(`${scheme}://x.example${path.replaceAll("*", "x")}`);
  return { text, method, origin, path: makePathPattern(path, decodeSegment) };
}

function parseOrigin(scheme: string, authority: string): Origin {
  const wild = authority.startsWith("*.");
  if (authority.slice(wild ? 1 : 0).includes("*"))
    throw new AddressError('has a star in its host; only a leading "*." may be one');
  // Cut off by the parser: what is left would be a host that nobody has read there.
  if (/[?#]/.test(authority)) throw new AddressError("has a query or a fragment where its host ends");
  const address = parseAddress(`${scheme}://${wild ? `x${authority.slice(1)}` : authority}/`);
  if (NUMERIC_HOST.test(address.host) && !authority.toLowerCase().startsWith(address.host))
    throw new AddressError(`spells an address in another way than others read it; write it as ${address.host}`);
  if (!wild) return address;
  const rest = address.host.slice(1);
  if (rest.split(".").length < 3) throw new AddressError("has a star over a top-level domain");
  return { scheme: address.scheme, host: `*${rest}`, port: address.port };
}

function originOf(url: URL): Origin {
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new AddressError("is neither https nor http");
  const scheme = url.protocol === "https:" ? "https" : "http";
  if (!isHost(url.hostname))
    throw new AddressError("has a host that is no name: empty, with a dot at its end, or the like");
  const port = url.port === "" ? defaultPort(scheme) : Number(url.port);
  if (port === 0) throw new AddressError("has the port 0");
  return { scheme, host: url.hostname, port };
}

function defaultPort(scheme: "http" | "https"): number {
  return scheme === "https" ? 443 : 80;
}

function decodePath(path: string): readonly string[] {
  const segments = path.slice(1).split("/").map(decodeSegment);
  // Servers merge empty segments, and cut parameters off; a rule that was read without them would not hold.
  if (segments.slice(0, -1).includes("")) throw new AddressError("has an empty path segment");
  return segments;
}

/** The one spelling of a path by which a condition sees it, whatever the guest chose to encode. */
export function canonicalPath({ segments }: Address): string {
  const spelled = segments.map((segment) =>
    encodeURIComponent(segment).replace(/%(24|26|2B|2C|3A|3D|40)/g, decodeURIComponent),
  );
  return `/${spelled.join("/")}`;
}

function decodeSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw new AddressError("has a malformed percent encoding in its path");
  }
  if (/[\p{Cc};]/u.test(text)) throw new AddressError("has a semicolon or a control character in its path");
  return text;
}

/** Whether a request's origin is the pattern's. */
export function matchesOrigin(pattern: Origin, origin: Origin): boolean {
  return pattern.scheme === origin.scheme && pattern.port === origin.port && matchesHost(pattern.host, origin.host);
}

/** A wildcard stands for exactly one label, as in a certificate. */
export function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

/** Whether some origin fits both patterns. */
export function originsMeet(a: Origin, b: Origin): boolean {
  return a.scheme === b.scheme && a.port === b.port && (matchesHost(a.host, b.host) || matchesHost(b.host, a.host));
}

export function matchesAddress(pattern: RequestPattern, address: Address): boolean {
  return matchesOrigin(pattern.origin, address) && matchesPath(pattern.path, address.segments);
}
