// A redirect as the next request's arguments, by the rules of the Fetch standard (HTTP-redirect fetch). Nothing is
// followed here: the broker decides on what comes out as on any other call.

import { holdsPlaceholder } from "../../base/secrets.ts";
import type { HttpRequest } from "../../kinds/http/request.ts";
import { spellOrigin } from "../../kinds/http/address.ts";

export interface NextRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
  readonly redirects: number;
}

/** The next request; undefined where the location is no address. */
export function nextRequest(request: HttpRequest, status: number, location: string): NextRequest | undefined {
  if (!URL.canParse(location, request.url)) return undefined;
  const url = new URL(location, request.url);
  url.hash = "";
  const { method, body, headers } = request;
  const becomesGet =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  const sameOrigin = url.origin === new URL(spellOrigin(request.address)).origin;
  const kept = headers
    .filter(([name]) => !becomesGet || !name.startsWith("content-"))
    .filter(([name, value]) => sameOrigin || (name !== "authorization" && !holdsPlaceholder(value)));
  return {
    url: url.href,
    method: becomesGet ? "GET" : method,
    headers: kept,
    ...(becomesGet || body === undefined ? {} : { body: body.bytes }),
    redirects: request.redirects + 1,
  };
}
