import { describe, expect, it } from "vitest";
import type { PayloadLevel } from "../../src/audit/events.ts";
import {
  type DataKey,
  makeDataKey,
  openPayload,
  type SealedPayload,
  sealPayload,
  unwrapDataKey,
  wrapDataKey,
} from "../../src/audit/payload.ts";
import { pureHasher, sha256Hex } from "../../src/base/bytes.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import { hostHasher, hostSealer } from "../../src/outside/crypto.ts";

const powers = { hasher: hostHasher, sealer: hostSealer, random: systemRandom };
const key = makeDataKey(systemRandom, 1_700_000_000_000);

function sealed(text: string, level: PayloadLevel = "full", dataKey: DataKey = key) {
  const { ref, kept } = sealPayload(powers, { text, media: "text/plain", level }, () => dataKey);
  return { ref, kept: kept as SealedPayload };
}

describe("sealPayload()", () => {
  it("commits to SHA-256 of domain, salt, length and bytes", () => {
    const salt = new Uint8Array(32).fill(7);
    const fixed = { ...powers, random: { bytes: () => salt } };
    const { ref } = sealPayload(fixed, { text: "grüß", media: "text/plain", level: "full" }, () => key);
    const input = Buffer.concat([
      Buffer.from("enclosure/payload/v1\0"),
      salt,
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 6]),
      Buffer.from("grüß"),
    ]);
    expect(ref).toEqual({ commit: sha256Hex(input), bytes: 6, media: "text/plain", level: "full", kid: key.kid });
  });

  it("gives two commitments for one text, so that a guess cannot be tried", () => {
    expect(sealed("yes").ref.commit).not.toBe(sealed("yes").ref.commit);
  });

  it("keeps no byte of the text in the clear", () => {
    const { kept } = sealed("a secret text");
    expect(Buffer.from(kept.sealed).includes("secret")).toBe(false);
  });

  it("keeps nothing at level none, and needs no key for it", () => {
    const made = sealPayload(powers, { text: "abc", media: "text/plain", level: "none" }, () => {
      throw new Error("asked for a key");
    });
    expect(made).toEqual({ ref: { bytes: 3, media: "text/plain", level: "none" } });
  });

  it("keeps only the salt at level digest", () => {
    const { ref, kept } = sealed("x".repeat(500), "digest");
    expect(kept.sealed).toHaveLength(12 + 32 + 16);
    expect(openPayload(powers, ref, kept, key)).toEqual({ state: "not-kept" });
  });
});

describe("openPayload()", () => {
  it("opens what was sealed", () => {
    const { ref, kept } = sealed("grüß dich");
    expect(openPayload({ ...powers, hasher: pureHasher }, ref, kept, key)).toEqual({
      state: "shown",
      text: "grüß dich",
    });
  });

  it.each([
    ["another commitment", (kept: SealedPayload) => ({ ...kept, commit: sha256Hex("x") })],
    ["another key id", (kept: SealedPayload) => ({ ...kept, kid: "f".repeat(32) })],
    [
      "a changed byte",
      (kept: SealedPayload) => ({ ...kept, sealed: kept.sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) }),
    ],
    ["no bytes", (kept: SealedPayload) => ({ ...kept, sealed: new Uint8Array(3) })],
  ])("refuses what is kept with %s", (_, change) => {
    const { ref, kept } = sealed("text");
    expect(openPayload(powers, ref, change(kept), key)).toMatchObject({ state: "invalid" });
  });

  it("refuses the bytes of another payload under the same key", () => {
    const [one, other] = [sealed("one"), sealed("two")];
    const swapped = { ...one.kept, sealed: other.kept.sealed };
    expect(openPayload(powers, one.ref, swapped, key)).toMatchObject({ state: "invalid" });
  });

  it("refuses a reference that tells another length", () => {
    const { ref, kept } = sealed("text");
    expect(openPayload(powers, { ...ref, bytes: 5 }, kept, key)).toMatchObject({ state: "invalid" });
  });
});

describe("a data key", () => {
  const wrapping = systemRandom.bytes(32);

  it("is unwrapped by the key that wrapped it, under its own id", () => {
    const wrapped = wrapDataKey(hostSealer, wrapping, key);
    expect(unwrapDataKey(hostSealer, wrapping, key.kid, wrapped)).toEqual(key);
    expect(unwrapDataKey(hostSealer, systemRandom.bytes(32), key.kid, wrapped)).toBeUndefined();
    expect(unwrapDataKey(hostSealer, wrapping, "0".repeat(32), wrapped)).toBeUndefined();
  });
});
