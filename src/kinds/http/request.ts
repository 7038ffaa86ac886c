// A guest's request, read once and the same way by the rules, the provider and a replay. What comes out is what is sent:
// the URL as normalised, the body's exact bytes, the headers in lower case.

import { decodeValue } from "../../base/codec.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { isJsonObject, type JsonObject, type JsonValue, admitJson } from "../../base/json.ts";
import { TEXT_OR_BYTES } from "../bytes.ts";
import { type Address, AddressError, canonicalPath, METHODS, parseAddress, spellAddress } from "./address.ts";
import { type HeaderList, readHeaders } from "./headers.ts";

export interface HttpRequest {
  readonly method: string;
  readonly address: Address;
  /** As it is sent: normalised, the query spelled anew, no fragment. */
  readonly url: string;
  /** The same with the path in its one spelling: what a condition sees. */
  readonly canonicalUrl: string;
  /** Each parameter's text, or the list of them where it is repeated. Undefined where there is no query. */
  readonly query: JsonObject | undefined;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  /** Redirects followed to get here. */
  readonly redirects: number;
}

export interface RequestBody {
  readonly bytes: Uint8Array;
  /** Lower case, without parameters. */
  readonly mediaType: string;
  /** The value, where the media type is JSON and the bytes are exactly one JSON text as JSON.stringify spells it. */
  readonly json: JsonValue | undefined;
}

export const REDIRECTS_MAX = 20;

/** What a request is made of. `redirects` is added by the host; a guest that sets it only gives some of its own away. */
export const REQUEST_SCHEMA: JsonObject = {
  type: "object",
  additionalProperties: false,
  required: ["url"],
  properties: {
    url: { type: "string", minLength: 1 },
    method: { type: "string", minLength: 1, maxLength: 16 },
    headers: {
      anyOf: [
        { type: "array", items: { type: "array", minItems: 2, maxItems: 2, items: { type: "string" } } },
        { type: "object", additionalProperties: { type: "string" } },
      ],
    },
    body: TEXT_OR_BYTES,
    redirects: { type: "integer", minimum: 0, maximum: REDIRECTS_MAX },
  },
};

/** @throws AddressError on what cannot be sent, or could be read in two ways; the message is a whole sentence */
export function readRequest(args: JsonValue): HttpRequest {
  if (!isJsonObject(args)) throw new AddressError("the argument is not an object");
  const { url, method = "GET", headers, body, redirects = 0 } = args;
  if (typeof url !== "string" || typeof method !== "string" || typeof redirects !== "number")
    throw new AddressError("the argument does not have the shape of a request");
  const upper = method.toUpperCase();
  if (!METHODS.has(upper)) throw new AddressError(`the method is none of ${[...METHODS.keys()].join(", ")}`);
  const address = readAddress(url);
  const list = readHeaders(headers);
  if (list === undefined) throw new AddressError("the headers are malformed, too many or too long");
  const { query, text } = readQuery(address.query);
  const given = body === undefined ? undefined : readBody(body, list);
  if (given !== undefined && (upper === "GET" || upper === "HEAD")) throw new AddressError(`a ${upper} has no body`);
  const typed = given === undefined || list.some(([name]) => name === "content-type");
  return {
    method: upper,
    address,
    url: spellAddress(address, address.path + text),
    canonicalUrl: spellAddress(address, canonicalPath(address) + text),
    query,
    headers: typed ? list : [...list, ["content-type", given.mediaType]],
    body: given,
    redirects,
  };
}

function readAddress(url: string): Address {
  try {
    return parseAddress(url);
  } catch (error) {
    if (error instanceof AddressError) throw new AddressError(`the url ${error.message}`);
    throw error;
  }
}

/** The query as data, and spelled anew from it: a server must not find more parameters in it than the rule was shown. */
function readQuery(params: URLSearchParams): { readonly query: JsonObject | undefined; readonly text: string } {
  const values = new Map<string, string | string[]>();
  const spelled: string[] = [];
  for (const [name, value] of params) {
    if (name === "__proto__") throw new AddressError("the query has a parameter of a forbidden name");
    const before = values.get(name);
    values.set(name, before === undefined ? value : [before, value].flat());
    spelled.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  if (spelled.length === 0) return { query: undefined, text: "" };
  return { query: Object.fromEntries(values), text: `?${spelled.join("&")}` };
}

function readBody(body: JsonValue, headers: HeaderList): RequestBody {
  const value = decodeBody(body);
  const bytes = typeof value === "string" ? utf8(value) : value;
  const stated = headers.find(([name]) => name === "content-type")?.[1];
  if (stated !== undefined) {
    // Two types in one header are read as the last of them, or as none.
    if (stated.includes(",")) throw new AddressError("the header content-type holds a comma");
    const [essence = "", ...parameters] = stated.split(";").map((part) => part.trim().toLowerCase());
    const plain = parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
    const mediaType = essence;
    return { bytes, mediaType, json: isJsonType(mediaType) && plain ? readJson(bytes) : undefined };
  }
  const json = readJson(bytes);
  if (json !== undefined) return { bytes, mediaType: "application/json", json };
  return { bytes, mediaType: typeof value === "string" ? "text/plain" : "application/octet-stream", json };
}

function decodeBody(body: JsonValue): string | Uint8Array {
  try {
    const value = decodeValue(body);
    if (typeof value === "string" || value instanceof Uint8Array) return value;
  } catch {
    // Malformed bytes: said below.
  }
  throw new AddressError("the body is neither text nor bytes");
}

function isJsonType(mediaType: string): boolean {
  return mediaType === "application/json" || /^application\/[a-z0-9.-]+\+json$/.test(mediaType);
}

/** JSON that every parser reads alike: no duplicate keys, no odd numbers, no second spelling. */
function readJson(bytes: Uint8Array): JsonValue | undefined {
  try {
    return admitJson(fromUtf8(bytes), { charsMax: bytes.length, depthMax: 64 }).value;
  } catch {
    return undefined;
  }
}
