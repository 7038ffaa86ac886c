// Placeholders: `${secret:NAME}` stands for a declared secret in `env`, and in what an http grant's `auth` sends, towards
// the secret's own hosts. What looks like a placeholder and is none, or stands where nothing replaces it, would be taken
// as it is written and protect nothing: it is refused.

import { hostProblem } from "../base/hosts.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { nearest } from "../base/nearest.ts";
import { referencedSecrets } from "../base/secrets.ts";
import type { Kind, KindName } from "../kinds/contract.ts";
import { entries, member } from "./members.ts";
import { step, type Findings, type Report } from "./problems.ts";

/** Ends before another one starts, so that no text takes longer than its length. */
const PLACEHOLDER = /\$\{secret:([^}$]*)\}/g;
const LOOKS_LIKE_ONE = /\$\{[^}]*\}?/;
/** In a rule's schema, whose texts are compared with what an agent sends. */
const IN_SCHEMA = /\/(allow|ask|deny)\/[0-9]+\/(where|query|body)\//;
/** Where a provider puts a secret in, from the grant on. */
const REPLACED = /^\/auth\/[0-9]+\/value$/;

/** Reports every placeholder that is none, names no declared secret, or would never be replaced. */
export function checkPlaceholders(
  manifest: JsonObject,
  kinds: ReadonlyMap<KindName, Kind>,
  found: Findings,
  report: Report,
): void {
  const secrets = member(manifest, "secrets");
  checkHosts(secrets, found, report);
  // Where the list itself is at fault, what it declares is not known.
  const declared = found.hasErrorAt("/secrets") ? undefined : new Set(entries(secrets).map(([name]) => name));
  for (const key of ["env", "capabilities", "mcpServers", "profiles"])
    eachText(member(manifest, key), step(key), (text, pointer) => checkText(text, pointer, declared, report));
  for (const [name, grant] of entries(member(manifest, "capabilities"))) {
    const pointer = `/capabilities${step(name)}`;
    // A grant of another kind is refused as a whole.
    if (!kinds.has(member(grant, "use") as KindName)) continue;
    refuseUnreplaced(grant, pointer, (inner) => REPLACED.test(inner), report);
    const sound = (secret: string): boolean => !found.hasErrorUnder(`/secrets${step(secret)}`);
    checkAuth(member(grant, "auth"), `${pointer}/auth`, secrets, sound, report);
  }
  for (const [name, profile] of entries(member(manifest, "profiles"))) {
    const pointer = `/profiles${step(name)}/capabilities`;
    refuseUnreplaced(member(profile, "capabilities"), pointer, () => false, report);
  }
}

/** Reports hosts of secrets that no request's host is ever spelled like. */
function checkHosts(secrets: JsonValue | undefined, found: Findings, report: Report): void {
  for (const [name, secret] of entries(secrets)) {
    const pointer = `/secrets${step(name)}/hosts`;
    const hosts = member(secret, "hosts");
    for (const [index, host] of (Array.isArray(hosts) ? (hosts as readonly JsonValue[]) : []).entries()) {
      const problem = typeof host === "string" ? hostProblem(host) : undefined;
      if (problem === undefined || found.hasErrorUnder(`${pointer}/${index}`)) continue;
      report({ code: "MANIFEST_VALUE_INVALID", pointer: `${pointer}/${index}`, ...problem });
    }
  }
}

function checkText(text: string, pointer: string, declared: ReadonlySet<string> | undefined, report: Report): void {
  for (const [, name = ""] of text.matchAll(PLACEHOLDER)) {
    if (declared === undefined || declared.has(name)) continue;
    const near = nearest(name, declared);
    report({
      code: "MANIFEST_SECRET_UNKNOWN",
      pointer,
      message: `the secret ${JSON.stringify(name.slice(0, 64))} is not declared`,
      ...(near === undefined ? {} : { mend: `Did you mean ${near}?` }),
    });
  }
  if (IN_SCHEMA.test(pointer)) return;
  const [other] = LOOKS_LIKE_ONE.exec(text.replaceAll(PLACEHOLDER, " ")) ?? [];
  if (other === undefined) return;
  report({
    code: "MANIFEST_VALUE_INVALID",
    pointer,
    message: `a placeholder that is not one of a secret: ${JSON.stringify(other.slice(0, 64))}`,
    mend: "Write ${secret:NAME}, or the value itself; the environment of the host is not looked up.",
  });
}

function refuseUnreplaced(
  value: JsonValue | undefined,
  pointer: string,
  replaced: (inner: string) => boolean,
  report: Report,
): void {
  eachText(value, pointer, (text, at) => {
    const [placeholder] = text.match(PLACEHOLDER) ?? [];
    if (placeholder === undefined || replaced(at.slice(pointer.length))) return;
    report({
      code: "MANIFEST_VALUE_INVALID",
      pointer: at,
      message: `${JSON.stringify(placeholder.slice(0, 80))} is not replaced here`,
      mend: "Move it to env, or to the value of an entry under auth of an http grant.",
    });
  });
}

/** Reports entries of `auth` whose secret may not be sent to their host: every call there would fail. */
function checkAuth(
  auth: JsonValue | undefined,
  pointer: string,
  secrets: JsonValue | undefined,
  sound: (secret: string) => boolean,
  report: Report,
): void {
  for (const [index, entry] of (Array.isArray(auth) ? (auth as readonly JsonValue[]) : []).entries()) {
    const [host, value] = [member(entry, "host"), member(entry, "value")];
    if (typeof host !== "string" || typeof value !== "string") continue;
    for (const name of new Set(referencedSecrets(value))) {
      const hosts = member(member(secrets, name), "hosts");
      if (!Array.isArray(hosts) || !sound(name)) continue;
      if ((hosts as readonly string[]).some((one) => hostsMeet(one, host))) continue;
      report({
        code: "MANIFEST_VALUE_INVALID",
        pointer: `${pointer}/${index}/value`,
        message: `the secret ${name} may not be sent to ${host}, which is not among its hosts`,
        mend: `Add ${host} to the hosts of the secret, or name another.`,
      });
    }
  }
}

/** Whether a request can go to both, each "name" (any port) or "name:port". */
function hostsMeet(a: string, b: string): boolean {
  const [x, y] = [a, b].map((host) => /^(.*?)(:[0-9]+)?$/s.exec(host.toLowerCase()) ?? []);
  return x?.[1] === y?.[1] && (x?.[2] === undefined || y?.[2] === undefined || x[2] === y[2]);
}

/** Every text in a value, keys of maps included. */
function eachText(value: JsonValue | undefined, pointer: string, see: (text: string, pointer: string) => void): void {
  if (typeof value === "string") see(value, pointer);
  else if (Array.isArray(value)) value.forEach((one, index) => eachText(one as JsonValue, pointer + step(index), see));
  else if (isJsonObject(value)) {
    for (const [key, one] of Object.entries(value)) {
      see(key, pointer + step(key));
      eachText(one, pointer + step(key), see);
    }
  }
}
