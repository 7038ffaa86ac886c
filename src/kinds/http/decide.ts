// The verdict on one request, and the words for it: deny, then ask, then allow; the nearest rule where none matches.

import type { JsonValue } from "../../base/json.ts";
import type { CallRequest, Effect, RuleRef, RuleVerdict, Target } from "../contract.ts";
import { AddressError, spellAddress, spellOrigin } from "./address.ts";
import { isForbiddenHeader, refusedHeader, strangeSecret } from "./headers.ts";
import { type HttpRequest, readRequest } from "./request.ts";
import { effectOf, type HttpRule, type ListName, type Stage, stageOf, STAGES } from "./rules.ts";

export interface Ruling {
  readonly rules: Readonly<Record<ListName, readonly HttpRule[]>>;
  /** Headers that the grant adds to those which a guest may set. */
  readonly headers: ReadonlySet<string>;
  /** Secrets whose placeholders the guest has. */
  readonly placeholders: ReadonlySet<string>;
  readonly at: RuleRef;
  /** "capabilities.web", for the mend. */
  readonly dotted: string;
}

const UNLISTED: Target = { kind: "http", name: "(unlisted)" };
const SHOWN_CHARS_MAX = 200;

/** Total: whatever the argument is, there is a verdict. */
export function decideRequest(call: CallRequest, ruling: Ruling): RuleVerdict {
  const request = read(call.args);
  if (request instanceof AddressError) {
    return deny(
      "ARGUMENT_INVALID",
      ruling.at,
      call.fn.effect,
      request.message,
      "send a plain absolute URL, and headers and body as fetch takes them",
    );
  }
  const { rules, headers, placeholders, dotted } = ruling;
  const matched = (rule: HttpRule): boolean => stageOf(rule, request) === "matched";
  const denying = rules.deny.find(matched);
  if (denying !== undefined) {
    const message = `${shown(request.method, request)} is denied by "${denying.pattern.text}"`;
    const mend = `no approval lifts a deny rule; change ${dotted}.deny if the agent should be able to do this`;
    return {
      ...deny("RULE_DENIED", denying.ref, effectOf(request.method), message, mend),
      target: targetOf(request, denying),
    };
  }
  const allowing = rules.allow.find(matched);
  if (allowing === undefined) return denyUnmatched(request, ruling);
  const strange = strangeSecret(request.headers, placeholders);
  if (strange !== undefined) {
    const message = `the agent was not given the secret ${strange}`;
    const mend = `write "\${secret:${strange}}" under env, if the agent should use it where it may go; ${dotted}.auth needs no such line`;
    return deny("RULE_FAILED", allowing.ref, effectOf(request.method), message, mend);
  }
  const refused = refusedHeader(request.headers, headers);
  if (refused !== undefined) {
    const message = `the header ${refused} is not one that the guest may set`;
    return deny("RULE_FAILED", allowing.ref, effectOf(request.method), message, headerMend(refused, ruling));
  }
  const asking = rules.ask.find(matched);
  const effect = allowing.effect ?? effectOf(request.method);
  const target = targetOf(request, allowing);
  if (asking !== undefined) return { verdict: "ask", rule: asking.ref, effect, target, timeoutMs: asking.timeoutMs };
  return { verdict: "allow", rule: allowing.ref, effect, target };
}

function read(args: JsonValue): HttpRequest | AddressError {
  try {
    return readRequest(args);
  } catch (error) {
    if (error instanceof AddressError) return error;
    throw error;
  }
}

/** The manifest's own text and a method of the closed list: nothing of the guest's enters a record's body. */
function targetOf(request: HttpRequest, rule: HttpRule): Target {
  const { text } = rule.pattern;
  return { kind: "http", name: `${request.method} ${text.slice(text.indexOf(" ") + 1)}` };
}

function denyUnmatched(request: HttpRequest, ruling: Ruling): RuleVerdict {
  let nearest: { readonly rule: HttpRule; readonly stage: Stage } | undefined;
  for (const rule of ruling.rules.allow) {
    const stage = stageOf(rule, request);
    if (nearest === undefined || STAGES.indexOf(stage) > STAGES.indexOf(nearest.stage)) nearest = { rule, stage };
  }
  const rule = nearest?.rule.ref ?? ruling.at;
  const message =
    messageOf(nearest?.stage ?? "host", request) +
    (nearest === undefined ? "" : `; the nearest rule is "${nearest.rule.pattern.text}"`);
  return deny(
    "RULE_FAILED",
    rule,
    effectOf(request.method),
    message,
    mendOf(nearest?.stage ?? "host", request, ruling.dotted),
  );
}

function messageOf(stage: Stage, request: HttpRequest): string {
  const { address, method } = request;
  switch (stage) {
    case "host":
      return `host "${bounded(address.host)}" is outside the grant`;
    case "scheme":
    case "port":
      return `${bounded(spellOrigin(address))} is outside the grant`;
    case "path":
      return `path "${bounded(address.path)}" is outside the grant`;
    case "method":
      return `${method} is not granted on path "${bounded(address.path)}"`;
    case "query":
      return request.query === undefined
        ? "the request lacks the query that the rule asks for"
        : "the query is not granted";
    case "body":
      return request.body === undefined
        ? "the request lacks the body that the rule asks for"
        : "the body is not granted";
    case "where":
    case "matched":
      return "the rule's condition does not hold for the request";
  }
}

function mendOf(stage: Stage, request: HttpRequest, dotted: string): string {
  if (stage === "query") return `say with query: under ${dotted}.allow which parameters the rule grants`;
  if (stage === "body")
    return `say with body: under ${dotted}.allow which body the rule grants (a JSON Schema, or a media type)`;
  if (stage === "where") return `change the rule's where under ${dotted}.allow`;
  // The very path, never a pattern: stars in it are spelled so that they are none.
  const line = spellAddress(request.address, request.address.path.replaceAll("*", "%2A"));
  return `add "${request.method} ${bounded(line)}" under ${dotted}.allow`;
}

function headerMend(name: string, { headers, dotted }: Ruling): string {
  if (isForbiddenHeader(name)) return "send the request without it; no grant lets a guest set this header";
  if (name === "authorization") return `put the credential under secrets, and use it under ${dotted}.auth`;
  if (headers.has(name)) return "send the placeholder as the whole value, or after a scheme such as Bearer";
  return `add "${name}" under ${dotted}.headers, if the header does not change whom the request speaks for`;
}

function shown(method: string, request: HttpRequest): string {
  return `${method} ${bounded(spellAddress(request.address, request.address.path))}`;
}

function bounded(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}

function deny(
  code: "RULE_DENIED" | "RULE_FAILED" | "ARGUMENT_INVALID",
  rule: RuleRef,
  effect: Effect,
  message: string,
  mend: string,
): Extract<RuleVerdict, { verdict: "deny" }> {
  return { verdict: "deny", code, rule, effect, target: UNLISTED, message, mend };
}
