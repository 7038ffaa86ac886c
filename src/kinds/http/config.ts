// What an http grant says beside its rules: credentials, private networks, headers, limits. Resolved to plain data here,
// for the provider; secrets stay references.

import { hostProblem } from "../../base/hosts.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { parseDuration, parseSize } from "../../base/units.ts";
import type { KindPowers } from "../contract.ts";
import { AddressError, matchesOrigin, type Origin, parseAddress } from "./address.ts";
import { isCidr } from "./cidr.ts";
import { isForbiddenHeader } from "./headers.ts";
import type { HttpRule } from "./rules.ts";

/** What a provider of this kind is told: the resolved grant as data. */
export interface HttpConfig {
  /** Of the allow rules. */
  readonly origins: readonly Origin[];
  readonly auth: readonly { readonly host: string; readonly header: string; readonly value: string }[];
  /** Private networks that names may lead to, as CIDRs. */
  readonly addresses: readonly string[];
  readonly limits: { readonly responseBytes: number; readonly timeoutMs: number; readonly redirects: number };
}

const RESPONSE_BYTES = { default: 2 * 1024 * 1024, max: 32 * 1024 * 1024 };
const TIMEOUT_MS = { default: 30_000, max: 3_600_000 };
const REDIRECTS_DEFAULT = 5;

/** Reads the keys of a grant beside its rules; reports what is wrong. */
export function readConfig(grant: JsonObject, allow: readonly HttpRule[], powers: KindPowers): HttpConfig {
  return {
    origins: allow.map(({ pattern: { origin } }) => ({ scheme: origin.scheme, host: origin.host, port: origin.port })),
    auth: readAuth(grant["auth"], allow, powers),
    addresses: readAddresses(grant["addresses"], powers),
    limits: readLimits(grant["limits"], powers),
  };
}

function readAuth(entries: JsonValue | undefined, allow: readonly HttpRule[], powers: KindPowers): HttpConfig["auth"] {
  const list = (entries ?? []) as unknown as HttpConfig["auth"];
  return list.flatMap(({ host, header, value }, index) => {
    const pointer = `/auth/${index}`;
    const name = header.toLowerCase();
    if (isForbiddenHeader(name)) {
      const message = `auth may not set the header ${header}`;
      powers.report({
        severity: "error",
        code: "MANIFEST_VALUE_INVALID",
        pointer,
        message,
        mend: "Name the header that carries the credential.",
      });
      return [];
    }
    const misspelled = hostProblem(host);
    if (misspelled !== undefined) {
      powers.report({ severity: "error", code: "MANIFEST_VALUE_INVALID", pointer: `${pointer}/host`, ...misspelled });
      return [];
    }
    const reached = allow.some(({ pattern: { origin } }) => parsesTo(origin, host));
    if (!reached) {
      const message = `auth for "${host}" is never used: no rule under allow has this host`;
      powers.report({
        severity: "warning",
        code: "MANIFEST_RULE_UNREACHABLE",
        pointer,
        message,
        mend: "Name the host as the rules do, or remove the entry.",
      });
    }
    return [{ host, header: name, value }];
  });
}

/** Whether `host` ("name" or "name:port") lies in a rule's origin. */
function parsesTo(origin: Origin, host: string): boolean {
  try {
    const address = parseAddress(`${origin.scheme}://${host}/`);
    return matchesOrigin(origin, /:\d+$/.test(host) ? address : { ...address, port: origin.port });
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

function readAddresses(entries: JsonValue | undefined, powers: KindPowers): readonly string[] {
  const list = (entries ?? []) as readonly string[];
  for (const [index, text] of list.entries()) {
    if (isCidr(text)) continue;
    const message = `"${text}" is no network`;
    powers.report({
      severity: "error",
      code: "MANIFEST_VALUE_INVALID",
      pointer: `/addresses/${index}`,
      message,
      mend: 'Write a CIDR such as "10.0.0.0/8".',
    });
  }
  return list.filter(isCidr);
}

/** Headers, in lower case, that the guest may set beside the usual ones. */
export function readHeaderNames(entries: JsonValue | undefined, powers: KindPowers): readonly string[] {
  const list = ((entries ?? []) as readonly string[]).map((name) => name.toLowerCase());
  for (const [index, name] of list.entries()) {
    if (!isForbiddenHeader(name) && name !== "authorization") continue;
    const message = `a guest may never set the header ${name}`;
    powers.report({
      severity: "error",
      code: "MANIFEST_VALUE_INVALID",
      pointer: `/headers/${index}`,
      message,
      mend: "Remove it; credentials go under auth.",
    });
  }
  return list;
}

function readLimits(given: JsonValue | undefined, powers: KindPowers): HttpConfig["limits"] {
  const limits = isJsonObject(given) ? given : {};
  const { response, timeout, redirects } = limits;
  const responseBytes = typeof response === "string" ? (parseSize(response) ?? 0) : RESPONSE_BYTES.default;
  const timeoutMs = typeof timeout === "string" ? (parseDuration(timeout) ?? 0) : TIMEOUT_MS.default;
  const check = (key: string, ok: boolean, most: string): void => {
    if (ok) return;
    const message = `limits.${key} is 0 or larger than ${most}`;
    powers.report({
      severity: "error",
      code: "MANIFEST_VALUE_INVALID",
      pointer: `/limits/${key}`,
      message,
      mend: `Write at most ${most}.`,
    });
  };
  check("response", responseBytes > 0 && responseBytes <= RESPONSE_BYTES.max, "32MiB");
  check("timeout", timeoutMs > 0 && timeoutMs <= TIMEOUT_MS.max, "1h");
  return { responseBytes, timeoutMs, redirects: typeof redirects === "number" ? redirects : REDIRECTS_DEFAULT };
}
