// fetch, Request and Response (Fetch standard) over the first grant of kind http. A body is whole, never a stream, in
// this version; `body` is absent, so that code which can do without it finds out. Who may be asked is the broker's.

import type { AbortSignalLike, Open } from "./capabilities.ts";
import { define, rename } from "./intrinsics.ts";
import type { HeadersInit } from "./headers.ts";
import { Headers } from "./headers.ts";
import { loadEncoding } from "./lazy.ts";

interface WireRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
}

interface WireResponse {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Text where the bytes are UTF-8. */
  readonly body: string | Uint8Array | null;
  readonly redirected: boolean;
}

interface RequestInit {
  readonly method?: unknown;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly signal?: AbortSignalLike | null;
  readonly redirect?: unknown;
}

interface ResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeadersInit;
}

type Content = string | Uint8Array | null;
interface Extracted {
  readonly content: Content;
  readonly type?: string;
}

const NO_BODY_STATUS: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
const FIXED_METHODS: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const METHOD = /^[A-Z]+(?:[-_][A-Z]+)*$/;

/** A body that can be read once. */
class Body {
  #content: Content;
  #used = false;

  constructor(content: Content) {
    this.#content = content;
  }
  get bodyUsed(): boolean {
    return this.#used;
  }
  async text(): Promise<string> {
    const content = this.#take();
    if (content === null) return "";
    return typeof content === "string" ? content : decodeText(content);
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  async bytes(): Promise<Uint8Array> {
    const content = this.#take();
    if (content === null) return new Uint8Array(0);
    return typeof content === "string" ? encodeText(content) : new Uint8Array(content);
  }
  async arrayBuffer(): Promise<ArrayBufferLike> {
    return (await this.bytes()).buffer;
  }
  #take(): Content {
    const content = this.#content;
    if (this.#used) throw new TypeError("the body has been read already");
    this.#used = content !== null;
    this.#content = null;
    return content;
  }
  /** The content, left in place. */
  static peek(body: Body): Content {
    if (body.#used) throw new TypeError("the body has been read already");
    return body.#content;
  }
}
const { peek } = Body;
delete (Body as { peek?: unknown }).peek;
rename(Body, "Body");

function decodeText(bytes: Uint8Array): string {
  const { TextDecoder } = loadEncoding();
  return new TextDecoder().decode(bytes);
}

function encodeText(text: string): Uint8Array {
  const { TextEncoder } = loadEncoding();
  return new TextEncoder().encode(text);
}

export class Request extends Body {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignalLike | null;
  readonly redirect: string;

  constructor(input: unknown, init: RequestInit = {}) {
    const base = input instanceof Request ? input : undefined;
    const { content, type } =
      init.body == null ? { content: base === undefined ? null : peek(base) } : extract(init.body);
    super(content);
    this.url = base?.url ?? new URL(`${input as string}`).href;
    this.method = normalMethod(init.method ?? base?.method ?? "GET");
    if (content !== null && (this.method === "GET" || this.method === "HEAD")) {
      throw new TypeError(`a ${this.method} request has no body`);
    }
    this.headers = new Headers(init.headers ?? base?.headers);
    if (type !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", type);
    this.signal = init.signal ?? base?.signal ?? null;
    this.redirect = `${(init.redirect ?? base?.redirect ?? "follow") as string}`;
  }
  clone(): Request {
    return new Request(this);
  }
}

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string = "";
  readonly redirected: boolean = false;
  readonly type: string = "default";

  constructor(body: unknown = null, { status = 200, statusText = "", headers }: ResponseInit = {}) {
    const { content, type } = body == null ? { content: null } : extract(body);
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError("a status from 200 to 599");
    if (content !== null && NO_BODY_STATUS.has(status)) throw new TypeError(`a ${status} response has no body`);
    super(content);
    this.status = status;
    this.statusText = `${statusText}`;
    this.headers = new Headers(headers);
    if (type !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }
  clone(): Response {
    return dress(new Response(peek(this), this), this);
  }
  static json(value: unknown, init: ResponseInit = {}): Response {
    const response = new Response(JSON.stringify(value), init);
    if (new Headers(init.headers).get("content-type") === null)
      response.headers.set("content-type", "application/json");
    return response;
  }
  static error(): Response {
    return dress(new Response(), { status: 0, url: "", redirected: false, type: "error" });
  }
}

/** Gives a response what its constructor cannot be told. */
function dress(
  response: Response,
  { status, url, redirected, type }: Pick<Response, "status" | "url" | "redirected" | "type">,
): Response {
  for (const [name, value] of Object.entries({ status, url, redirected, type })) define(response, name, value);
  return response;
}

/** The global `fetch`. */
export function makeFetch(open: Open): (input: unknown, init?: RequestInit) => Promise<Response> {
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const send = open(fetch);
    const request = new Request(input, init);
    if (request.redirect !== "follow") throw new TypeError('fetch supports redirect: "follow" alone');
    const content = peek(request);
    const body = content === null ? {} : { body: content };
    const args: WireRequest = { url: request.url, method: request.method, headers: [...request.headers], ...body };
    return makeResponse((await send(args, request.signal ?? undefined)) as WireResponse);
  };
  return fetch;
}

function makeResponse(wire: WireResponse): Response {
  const { status, statusText, headers, url, redirected } = wire;
  const body = wire.body !== null && NO_BODY_STATUS.has(status) ? null : wire.body;
  const response = new Response(body, { statusText, headers });
  // A type that the constructor found in a text, and that the server did not send.
  if (!new Headers(headers).has("content-type")) response.headers.delete("content-type");
  return dress(response, { status, url, redirected, type: "basic" });
}

function normalMethod(method: unknown): string {
  const text = `${method as string}`;
  const upper = text.toUpperCase();
  const normal = FIXED_METHODS.has(upper) ? upper : text;
  if (!METHOD.test(normal)) throw new TypeError(`"${text}" is no method`);
  return normal;
}

function extract(body: unknown): Extracted {
  if (typeof body === "string") return { content: body, type: "text/plain;charset=UTF-8" };
  if (body instanceof Uint8Array) return { content: new Uint8Array(body) };
  if (body instanceof ArrayBuffer) return { content: new Uint8Array(body.slice(0)) };
  if (body instanceof URLSearchParams) {
    return {
      content: body.toString(),
      type: "application/x-www-form-urlencoded;charset=UTF-8",
    };
  }
  throw new TypeError("a body is a string, a Uint8Array, an ArrayBuffer or URLSearchParams");
}

export { Headers };
