// One request and its response over a connection of its own: no pool, no proxy, no retry, no redirect, nothing left
// behind. A connection that was kept from an earlier call could be stale, and a write on it would end as unknown.
// Invariants: bytes beyond the bound are never kept; `sent` is false only if no byte of the request has left.

import { isIP, type LookupFunction } from "node:net";
import { Client } from "undici";
import type { HeaderList } from "../../kinds/http/headers.ts";

export interface ExchangeRequest {
  /** "https://api.example.com:8443" */
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array | undefined;
  /** Checked addresses of the origin's host, at least one. */
  readonly addresses: readonly string[];
}

export interface ExchangeBounds {
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
}

export interface Response {
  readonly kind: "response";
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

export type Exchange =
  | Response
  | {
      readonly kind: "broken";
      readonly why: "stopped" | "tooLarge" | "failed";
      readonly sent: boolean;
      readonly detail: string;
    };

const HEADER_BYTES_MAX = 64 * 1024;

/** Never rejects. Resolves when the connection is closed. */
export async function exchange(request: ExchangeRequest, bounds: ExchangeBounds): Promise<Exchange> {
  // Time-outs of the library are off: one deadline bounds all, from the outside. Certificates are checked whatever the
  // environment says.
  const client = new Client(request.origin, {
    pipelining: 0,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: { timeout: 0, rejectUnauthorized: true, lookup: lookupOf(request.addresses) },
  });
  try {
    return await dispatch(client, request, bounds);
  } finally {
    await client.destroy();
  }
}

/** What `net.connect` calls in place of DNS: the addresses that were checked, and no others. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) => {
    const [first] = found;
    if (all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

function dispatch(
  client: Client,
  request: ExchangeRequest,
  { bodyBytesMax, signal }: ExchangeBounds,
): Promise<Exchange> {
  return new Promise((resolve) => {
    let sent = false;
    let head: Omit<Response, "body" | "kind"> | undefined;
    const chunks: Uint8Array[] = [];
    let length = 0;
    const end = (result: Exchange): void => {
      signal.removeEventListener("abort", stop);
      resolve(result);
    };
    const broken = (why: "stopped" | "tooLarge" | "failed", detail: string): void =>
      end({ kind: "broken", why, sent, detail });
    const stop = (): void => broken("stopped", "stopped by the host");
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    const { path, method, headers, body } = request;
    client.dispatch(
      { path, method, headers: headers.flat(), body: body ?? null },
      {
        onRequestStart(controller) {
          if (signal.aborted) controller.abort(new Error("stopped"));
          else sent = true;
        },
        onResponseStart(_controller, status, fields, statusText = "") {
          if (status < 200) return;
          head = { status, statusText, headers: flatten(fields) };
          if (isRedirect(head)) end({ kind: "response", ...head, body: new Uint8Array() });
        },
        onResponseData(controller, chunk) {
          length += chunk.length;
          if (length <= bodyBytesMax) return void chunks.push(chunk);
          broken("tooLarge", `more than ${bodyBytesMax} bytes`);
          controller.abort(new Error("too large"));
        },
        onResponseEnd() {
          if (head === undefined) broken("failed", "the response has no status");
          else end({ kind: "response", ...head, body: new Uint8Array(Buffer.concat(chunks)) });
        },
        onResponseError(_controller, error) {
          broken("failed", `${error.name}: ${error.message}`);
        },
      },
    );
  });
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether a response names another address to ask. Its body is not read. */
export function isRedirect({ status, headers }: Pick<Response, "status" | "headers">): boolean {
  return REDIRECTS.has(status) && headers.some(([name]) => name === "location");
}

function flatten(
  fields: Readonly<Record<string, string | string[] | undefined>>,
): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): readonly [string, string] => [name.toLowerCase(), one]),
  );
}
