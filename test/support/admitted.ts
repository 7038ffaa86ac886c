// The one place in the tests that makes an AdmittedCall: through the grant's own decision, as the broker does.
import { encodeValue } from "../../src/base/codec.ts";
import { spellJson } from "../../src/base/json.ts";
import type { AdmittedCall } from "../../src/broker/contract.ts";
import type { CompiledGrant } from "../../src/kinds/contract.ts";

let made = 0;

/** @throws Error where the grant does not admit the call */
export function admitted(grant: CompiledGrant, fn: string, value: unknown): AdmittedCall {
  const spec = grant.functions.get(fn);
  if (spec === undefined) throw new Error(`${grant.name} has no function ${fn}`);
  const args = spellJson(encodeValue(value), { charsMax: 64 * 1024 * 1024, depthMax: 128 });
  const said = grant.decide({ fn: spec, args: args.value });
  if (said.verdict === "deny") throw new Error(`not admitted: ${said.message}`);
  const call = { id: ++made, grant, fn: spec, args, effect: said.effect, target: said.target };
  return Object.freeze(call) as unknown as AdmittedCall;
}
