// Takes the values of secrets out of everything that a provider hands back, before it is encoded: results, errors, and
// the host's own details, so that guest and record agree. Each provider wraps itself in it.

import { VALUE_DEPTH_MAX } from "../base/codec.ts";
import type { Secrets } from "../base/secrets.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "../broker/contract.ts";

/** A provider whose every answer has been redacted. */
export function redacting(inner: Provider, secrets: Secrets): Provider {
  return {
    async perform(call: AdmittedCall, context: PerformContext): Promise<Performed> {
      return redactDeep(await inner.perform(call, context), secrets, 0) as Performed;
    },
    close: () => inner.close(),
  };
}

/** Deeper than a value can cross the door nothing is looked at: the codec refuses it whole. */
function redactDeep(value: unknown, secrets: Secrets, depth: number): unknown {
  if (typeof value === "string") return secrets.redact(value);
  if (value === null || typeof value !== "object" || depth > VALUE_DEPTH_MAX + 2) return value;
  if (value instanceof Uint8Array) return secrets.redact(value);
  if (Array.isArray(value)) return value.map((one: unknown) => redactDeep(one, secrets, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [secrets.redact(key), redactDeep(member, secrets, depth + 1)]),
  );
}
