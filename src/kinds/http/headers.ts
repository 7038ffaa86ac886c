// Headers that a guest may set. An allow list, since a header can change whom a request speaks for (Host, Cookie,
// Forwarded), what it asks for (X-Original-URL) or where it ends (Content-Length, Transfer-Encoding). A grant can add
// names, but none of those. A secret's placeholder stands only where a credential does, and as a whole: whoever writes
// the text around a secret chooses where it lands.

import { holdsPlaceholder, isPlaceholder, placeholdersIn } from "../../base/secrets.ts";

export const HEADERS_MAX = 64;
export const HEADER_CHARS_MAX = 16 * 1024;

export type HeaderList = readonly (readonly [name: string, value: string])[];

const ALLOWED: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "cache-control",
  "content-language",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-unmodified-since",
  "prefer",
  "range",
  "user-agent",
  "x-request-id",
]);

const FORBIDDEN = new RegExp(
  `^(${[
    // How a request is framed, and what a browser says of itself.
    "accept-encoding|connection|content-encoding|content-length|cookie2?|date|expect|host|http2-settings|keep-alive",
    "origin|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*",
    // What a proxy is believed about where a request came from.
    "forwarded.*|x-forward(ed)?(-.*)?|x-real-ip|x-originating-.*|x-remote-.*|x-proxyuser-.*|(x-|true-|x-cluster-)?client-ip",
    // What some servers put in the place of the method, the host or the path.
    "x-original-.*|x-rewrite-.*|x-override-.*|x-http-.*|x-method-override|x-host|x-backend-host|x-proxy-.*|request-uri",
  ].join("|")})$`,
);

/** Credentials as clients send them, beside Authorization: the placeholder alone. */
const KEY_HEADERS: ReadonlySet<string> = new Set(["api-key", "x-api-key"]);
const SCHEME = /^[A-Za-z][A-Za-z0-9-]{0,31} (?=\S)/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Whether a grant may let its guest set, or itself set, a header of this (lower-case) name. */
export function isForbiddenHeader(name: string): boolean {
  // Servers that hand headers on as variables take both for one.
  return !TOKEN.test(name) || FORBIDDEN.test(name.replaceAll("_", "-"));
}

/** Whether a value can stand in a header: printable ASCII, spaces and tabs. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value);
}

/** Reads pairs or an object; names in lower case, values of one name joined. Undefined where something is malformed. */
export function readHeaders(value: unknown): HeaderList | undefined {
  const pairs = Array.isArray(value) ? (value as readonly unknown[]) : Object.entries(value ?? {});
  const joined = new Map<string, string>();
  let chars = 0;
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [key, text] = pair as readonly unknown[];
    if (typeof key !== "string" || typeof text !== "string" || !isHeaderValue(text)) return undefined;
    const name = key.toLowerCase();
    if (!TOKEN.test(name)) return undefined;
    chars += name.length + text.length;
    const before = joined.get(name);
    joined.set(name, before === undefined ? text.trim() : `${before}, ${text.trim()}`);
  }
  return joined.size > HEADERS_MAX || chars > HEADER_CHARS_MAX ? undefined : [...joined];
}

/** The first secret in the headers that is none of those whose placeholders the guest has: it has guessed the name. */
export function strangeSecret(headers: HeaderList, given: ReadonlySet<string>): string | undefined {
  return headers.flatMap(([, value]) => placeholdersIn(value)).find((name) => !given.has(name));
}

/**
 * The first header that the guest may not set. Authorization is the guest's to set only as a placeholder, after a scheme
 * or without one: credentials of its own making never leave the host, a secret's go where that secret may go.
 */
export function refusedHeader(headers: HeaderList, added: ReadonlySet<string>): string | undefined {
  return headers.find(([name, value]) => {
    if (isForbiddenHeader(name)) return true;
    if (!holdsPlaceholder(value)) return !ALLOWED.has(name) && !added.has(name);
    if (name === "authorization" || added.has(name)) return !isPlaceholder(value.replace(SCHEME, ""));
    return !KEY_HEADERS.has(name) || !isPlaceholder(value);
  })?.[0];
}
