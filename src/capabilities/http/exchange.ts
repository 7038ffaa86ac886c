// One request and its response over a connection of its own: no pool, no proxy, no retry, no redirect, nothing left
// behind. A connection that was kept from an earlier call could be stale, and a write on it would end as unknown.
// Invariants: bytes beyond the bound are never kept; `sent` is false only if no byte of the request has left; the socket
// is closed when the exchange ends, also where it never came to speak.

import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type buildConnector, Client } from "undici";
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
const HEADERS_MAX = 1000;
/** Responses of the 1xx kind, before the one that counts. */
const INTERIM_MAX = 100;

/** Never rejects. Resolves when the connection is closed. */
export async function exchange(request: ExchangeRequest, bounds: ExchangeBounds): Promise<Exchange> {
  let socket: Socket | undefined;
  // Time-outs of the library are off: one deadline bounds all, from the outside.
  const client = new Client(request.origin, {
    pipelining: 0,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: (options, done) => (socket = openSocket(options, lookupOf(request.addresses), done)),
  });
  try {
    return await dispatch(client, request, bounds);
  } finally {
    await client.destroy();
    // A client that is destroyed while it connects leaves its socket to a peer that may never answer.
    await closed(socket);
  }
}

/** Certificates are checked whatever the environment says. */
function openSocket(
  { protocol, hostname, port }: buildConnector.Options,
  lookup: LookupFunction,
  done: buildConnector.Callback,
): Socket {
  const secure = protocol === "https:";
  const servername = isIP(hostname) === 0 ? hostname : "";
  const to = { host: hostname, port: Number(port) || (secure ? 443 : 80), lookup };
  const socket = secure
    ? connectTls({ ...to, servername, rejectUnauthorized: true, ALPNProtocols: ["http/1.1"] })
    : connectTcp(to);
  let told = false;
  const tell = (error: Error | null): void => {
    if (told) return;
    told = true;
    if (error === null) done(null, socket);
    else done(error, null);
  };
  return socket
    .setNoDelay(true)
    .once(secure ? "secureConnect" : "connect", () => tell(null))
    .on("error", tell);
}

async function closed(socket: Socket | undefined): Promise<void> {
  if (socket === undefined || socket.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve()).destroy();
  await promise;
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
    let interim = 0;
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
        onResponseStart(controller, status, fields, statusText = "") {
          if (status < 200 && ++interim <= INTERIM_MAX) return;
          head = { status, statusText: reasonOf(statusText), headers: flatten(fields) };
          const problem = status < 200 ? "too many interim responses" : headProblem(head.headers);
          if (problem !== undefined) {
            broken("failed", problem);
            controller.abort(new Error(problem));
          } else if (isRedirect(head)) end({ kind: "response", ...head, body: new Uint8Array() });
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

/** What a server could mean in two ways, or in a thousand. What is framed wrongly the library refuses. */
function headProblem(headers: Response["headers"]): string | undefined {
  if (headers.length > HEADERS_MAX) return `more than ${HEADERS_MAX} headers`;
  const all = (name: string): readonly string[] => headers.filter(([one]) => one === name).map(([, value]) => value);
  if (all("location").length > 1) return "more than one location";
  // The library takes a body in any other coding as it comes, up to the connection's end.
  if (all("transfer-encoding").some((value) => value.trim().toLowerCase() !== "chunked"))
    return "a transfer coding that is not chunked";
  return undefined;
}

/** The reason phrase, which is nobody's data: left out where it is none that could be shown. */
function reasonOf(text: string): string {
  return /^[\t\x20-\x7e]{0,256}$/.test(text) ? text : "";
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
