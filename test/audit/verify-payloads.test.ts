import { describe, expect, it } from "vitest";
import { Findings } from "../../src/audit/verdict.ts";
import { PayloadsCheck } from "../../src/audit/verify-payloads.ts";
import { sha256Hex, utf8 } from "../../src/base/bytes.ts";
import { hostHasher, hostSealer, hostTreeHasher } from "../../src/outside/crypto.ts";
import { Assembly } from "../../src/store/assembly.ts";
import { MemoryStore } from "../../src/store/memory.ts";

/** What is said of a store with these artefacts, to some of which records refer. */
async function judged(kept: readonly string[], referred: readonly string[], artefactsMax: number) {
  const reads = new MemoryStore(hostTreeHasher);
  const artefacts = kept.map((text) => ({ sha256: sha256Hex(text), bytes: utf8(text) }));
  await reads.append((tip) => ({ ...new Assembly(tip, hostTreeHasher).batch(), artefacts }));
  const findings = new Findings();
  const ports = { reads, digest: hostHasher, sealer: hostSealer, wrapping: undefined };
  const check = new PayloadsCheck(ports, findings, artefactsMax);
  for (const text of referred) check.artefact({ sha256: sha256Hex(text), bytes: text.length });
  check.end();
  return findings.judge({ verdict: "ok", detail: "" });
}

describe("artefacts", () => {
  it("may be referred to many times, and each must be once", async () => {
    expect(await judged(["a", "b"], ["a", "b", "a"], 2)).toMatchObject({ verdict: "ok" });
    expect(await judged(["a", "b", "c"], ["a", "b", "a"], 2)).toEqual({
      verdict: "invalid",
      detail: "the store keeps 1 artefact that no record refers to",
    });
    expect((await judged(["a"], ["a", "b"], 2)).detail).toMatch(/is missing/);
  });

  it("past the bound are each checked, and whether there are others is left open", async () => {
    expect(await judged(["a", "b", "c"], ["a", "b", "c"], 2)).toEqual({
      verdict: "cannot-check",
      detail: "records refer to more than 2 artefacts: whether others are kept was not looked at",
    });
    expect((await judged(["a", "b"], ["a", "b", "c"], 2)).verdict).toBe("invalid");
  });
});
