// What of a response reaches the guest: the status, the headers that are its business, the body without its encoding.

import { promisify } from "node:util";
import { brotliDecompress, gunzip } from "node:zlib";
import { textOrBytes } from "../../base/bytes.ts";
import type { Response } from "./exchange.ts";

/** What is asked for, and all that is taken. */
export const ACCEPTED_ENCODINGS = "gzip, br";

export interface GuestResponse {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Text where the bytes are well-formed UTF-8, which encodes back to the same bytes; else the bytes. */
  readonly body: string | Uint8Array;
  readonly redirected: boolean;
}

/** Cookies are the host's; the rest speaks of the connection, or of an encoding that is gone. */
const WITHHELD: ReadonlySet<string> = new Set([
  "set-cookie",
  "set-cookie2",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "alt-svc",
  "content-encoding",
  "content-length",
]);

const unzip = { gzip: promisify(gunzip), "x-gzip": promisify(gunzip), br: promisify(brotliDecompress) } as const;

export type Decoded =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly why: "tooLarge" | "failed"; readonly detail: string };

/** The body without its content encoding, of which one layer is taken off; never more than `bytesMax` are inflated. */
export async function decodeBody({ headers, body }: Response, bytesMax: number): Promise<Decoded> {
  const encodings = headers
    .filter(([name]) => name === "content-encoding")
    .map(([, value]) => value.trim().toLowerCase());
  const encoding = encodings.length === 0 ? "identity" : encodings.join(", ");
  if (encoding === "identity" || body.length === 0) return { ok: true, body };
  if (encoding !== "gzip" && encoding !== "x-gzip" && encoding !== "br")
    return { ok: false, why: "failed", detail: "a content encoding that was not asked for" };
  try {
    return { ok: true, body: new Uint8Array(await unzip[encoding](body, { maxOutputLength: bytesMax })) };
  } catch (error) {
    const tooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return { ok: false, why: tooLarge ? "tooLarge" : "failed", detail: `${encoding}: ${String(error)}` };
  }
}

export function toGuest(response: Response, body: Uint8Array, url: string, redirects: number): GuestResponse {
  const { status, statusText, headers } = response;
  return {
    status,
    statusText,
    url,
    headers: headers.filter(([name]) => !WITHHELD.has(name)),
    body: textOrBytes(body),
    redirected: redirects > 0,
  };
}
