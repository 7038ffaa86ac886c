// The provider of the kind http: performs what the broker admitted, once, within its bounds. It reads the request with
// the very function that the rules read it with, so what was decided on is what is sent. What fails before a byte has
// left has failed; after that a read has failed, and anything else is unknown.

import { EnclosureError, type ErrorCode } from "../../base/errors.ts";
import type { Timers } from "../../base/powers.ts";
import { replacePlaceholders, replaceReferences, type Secrets } from "../../base/secrets.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "../../broker/contract.ts";
import { spellOrigin } from "../../kinds/http/address.ts";
import type { HttpConfig } from "../../kinds/http/config.ts";
import { type HeaderList, isHeaderValue } from "../../kinds/http/headers.ts";
import { type HttpRequest, readRequest } from "../../kinds/http/request.ts";
import { redacting } from "../redacting.ts";
import { type Destinations, makeDestinations, type Resolve, systemResolve } from "./addresses.ts";
import { type Exchange, exchange, isRedirect, type Response } from "./exchange.ts";
import { nextRequest } from "./redirect.ts";
import { ACCEPTED_ENCODINGS, decodeBody, toGuest } from "./response.ts";

export interface HttpProviderOptions {
  /** The config of the compiled grant. */
  readonly config: HttpConfig;
  readonly secrets: Secrets;
  readonly timers: Timers;
  /** The operating system's resolver where absent. */
  readonly resolve?: Resolve;
}

/** The provider of one http grant in one session. */
export function makeHttpProvider(options: HttpProviderOptions): Provider {
  return redacting(new HttpProvider(options), options.secrets);
}

/** A failure on the way, as it is answered. */
class Failure extends Error {
  override readonly name = "Failure";
  readonly performed: Performed;

  constructor(performed: Performed) {
    super();
    this.performed = performed;
  }
}

class HttpProvider implements Provider {
  readonly #config: HttpConfig;
  readonly #secrets: Secrets;
  readonly #timers: Timers;
  readonly #resolve: Resolve;
  readonly #destinations: Destinations;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<Performed>>();

  constructor({ config, secrets, timers, resolve = systemResolve }: HttpProviderOptions) {
    this.#config = config;
    this.#secrets = secrets;
    this.#timers = timers;
    this.#resolve = resolve;
    this.#destinations = makeDestinations(new Set(config.origins.map(({ host }) => host)), config.addresses);
  }

  async perform(call: AdmittedCall, context: PerformContext): Promise<Performed> {
    const running = this.#perform(call, context);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (error instanceof Failure) return error.performed;
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #perform(call: AdmittedCall, context: PerformContext): Promise<Performed> {
    const { limits } = this.#config;
    const deadline = new AbortController();
    const disarm = this.#timers.after(limits.timeoutMs, () => deadline.abort());
    const signal = AbortSignal.any([context.signal, this.#closing.signal, deadline.signal]);
    const bytesMax = Math.min(limits.responseBytes, context.resultBytesMax);
    try {
      const request = readRequest(call.args.value);
      const headers = this.#headers(request);
      const addresses = await this.#addresses(request.address.host, signal, deadline.signal);
      const origin = spellOrigin(request.address);
      const { method, body, url } = request;
      const path = url.slice(origin.length);
      const said = await exchange(
        { origin, path, method, headers, body: body?.bytes, addresses },
        { bodyBytesMax: bytesMax, signal },
      );
      if (said.kind === "broken") return broken(said, call, deadline.signal.aborted);
      if (isRedirect(said)) return redirected(said, request, call, limits.redirects);
      const decoded = await decodeBody(said, bytesMax);
      if (!decoded.ok)
        return broken({ kind: "broken", sent: true, why: decoded.why, detail: decoded.detail }, call, false);
      return { kind: "value", value: toGuest(said, decoded.body, url, request.redirects) };
    } finally {
      disarm();
    }
  }

  /** The guest's headers with placeholders replaced, and the operator's credentials, which win. */
  #headers(request: HttpRequest): HeaderList {
    const { host, port } = request.address;
    const reveal = (name: string): string => this.#reveal(name, host, port);
    const headers = new Map<string, string>([["accept-encoding", ACCEPTED_ENCODINGS]]);
    for (const [name, value] of request.headers) headers.set(name, replacePlaceholders(value, reveal));
    for (const { host: to, header, value } of this.#config.auth) {
      if (to.toLowerCase() === host || to.toLowerCase() === `${host}:${port}`)
        headers.set(header, replaceReferences(value, reveal));
    }
    for (const [name, value] of headers) {
      if (isHeaderValue(value)) continue;
      throw new Failure(failed("CALL_FAILED", `a secret cannot stand in the header ${name}`));
    }
    return [...headers];
  }

  #reveal(name: string, host: string, port: number): string {
    try {
      return this.#secrets.reveal(name, host, port);
    } catch (error) {
      if (error instanceof EnclosureError) throw new Failure(failed(error.code, error.message));
      throw error;
    }
  }

  async #addresses(host: string, signal: AbortSignal, deadline: AbortSignal): Promise<readonly string[]> {
    const literal = this.#destinations.literal(host);
    const found = literal === undefined ? await this.#lookUp(host, signal, deadline) : [literal];
    if (found.length === 0) throw new Failure(failed("HTTP_NAME_UNKNOWN", "the host's name has no address"));
    if (found.every((address) => this.#destinations.permits(host, address))) return found;
    const message = "the host's name leads to an address that the grant does not list";
    throw new Failure(failed("HTTP_ADDRESS_REFUSED", message, `${host}: ${found.join(", ")}`));
  }

  async #lookUp(host: string, signal: AbortSignal, deadline: AbortSignal): Promise<readonly string[]> {
    const stopped = Promise.withResolvers<never>();
    const stop = (): void => stopped.reject(new Failure(failed(...stoppedBy(deadline.aborted))));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([stopped.promise, this.#resolve(host)]);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(failed("HTTP_NAME_UNKNOWN", "the host's name has no address", String(error)));
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

function redirected(response: Response, request: HttpRequest, call: AdmittedCall, redirectsMax: number): Performed {
  const { status, headers } = response;
  const location = headers.find(([name]) => name === "location")?.[1] ?? "";
  const args = nextRequest(request, status, location);
  if (args === undefined)
    return ended(
      call,
      true,
      "HTTP_RESPONSE_BROKEN",
      "the response redirects to something that is no address",
      location,
    );
  if (args.redirects > redirectsMax)
    return ended(call, true, "HTTP_REDIRECTS_EXCEEDED", `redirected more than ${redirectsMax} times`);
  return { kind: "redirected", value: toGuest(response, response.body, request.url, request.redirects), args };
}

function broken(said: Extract<Exchange, { kind: "broken" }>, call: AdmittedCall, late: boolean): Performed {
  const { why, sent, detail } = said;
  if (why === "stopped") return ended(call, sent, ...stoppedBy(late), detail);
  if (why === "tooLarge") return ended(call, sent, "RESULT_TOO_LARGE", "the response is larger than the limit", detail);
  if (!sent) return failed("HTTP_CONNECT_FAILED", "no connection to the host could be made", detail);
  return ended(call, sent, "HTTP_RESPONSE_BROKEN", "the connection was cut, or the response is malformed", detail);
}

function stoppedBy(deadline: boolean): readonly [ErrorCode, string] {
  return deadline ? ["CALL_TIMEOUT", "the response did not come in time"] : ["CALL_CANCELLED", "the call was stopped"];
}

/** Ended without a whole response: whether anything was done there cannot be known, once a write has been sent. */
function ended(call: AdmittedCall, sent: boolean, code: ErrorCode, message: string, detail?: string): Performed {
  const kind = sent && call.effect !== "read" ? "unknown" : "failed";
  return { kind, code, message, ...(detail === undefined ? {} : { detail }) };
}

function failed(code: ErrorCode, message: string, detail?: string): Performed {
  return { kind: "failed", code, message, ...(detail === undefined ? {} : { detail }) };
}
