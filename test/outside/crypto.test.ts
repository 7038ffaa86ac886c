import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { treeHasher } from "../../src/audit/powers.ts";
import { fromHex, pureHasher, utf8 } from "../../src/base/bytes.ts";
import { isFault } from "../../src/base/errors.ts";
import {
  hmacHex,
  hostChecker,
  hostHasher,
  hostSealer,
  hostTreeHasher,
  makeSigningKey,
  signerOf,
} from "../../src/outside/crypto.ts";
import { hasVectors, vectorPath } from "../support/vectors.ts";

describe("the host's hashes", () => {
  it("are those of the pure implementation", () => {
    const pure = treeHasher(pureHasher);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary" }), (bytes, text) => {
        expect(new Uint8Array(hostHasher.sha256(bytes))).toEqual(pureHasher.sha256(bytes));
        const parts = [bytes.subarray(0, 3), bytes.subarray(3)];
        expect(new Uint8Array(hostHasher.sha256OfParts(parts))).toEqual(pureHasher.sha256(bytes));
        expect(pureHasher.sha256OfParts(parts)).toEqual(pureHasher.sha256(bytes));
        expect(new Uint8Array(hostTreeHasher.leaf(text))).toEqual(pure.leaf(text));
        const [left, right] = [pure.leaf(text), pureHasher.sha256(bytes)];
        expect(new Uint8Array(hostTreeHasher.node(left, right))).toEqual(pure.node(left, right));
      }),
    );
    expect(new Uint8Array(hostTreeHasher.empty())).toEqual(pure.empty());
  });

  it("are not disturbed by those after them", () => {
    const first = hostTreeHasher.leaf("one");
    const copy = [...first];
    for (let i = 0; i < 1_000; i++) hostTreeHasher.node(first, first);
    expect([...first]).toEqual(copy);
  });
});

describe("Ed25519", () => {
  it("accepts a signature of the key that made it, and no other", () => {
    const [signer, other] = [signerOf(makeSigningKey()), signerOf(makeSigningKey())];
    const message = utf8("a message");
    const signature = signer.sign(message);
    expect(hostChecker.accepts(signer.publicKey, message, signature)).toBe(true);
    expect(hostChecker.accepts(other.publicKey, message, signature)).toBe(false);
    expect(hostChecker.accepts(signer.publicKey, utf8("another"), signature)).toBe(false);
    expect(hostChecker.accepts(new Uint8Array(3), message, signature)).toBe(false);
    expect(hostChecker.accepts(signer.publicKey, message, signature.subarray(1))).toBe(false);
  });

  it("refuses a text that is no key of its kind", () => {
    for (const text of ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]) {
      let code: string | undefined;
      try {
        signerOf(text);
      } catch (error) {
        code = isFault(error) ? error.code : undefined;
      }
      expect(code).toBe("KEY_INVALID");
    }
  });
});

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

describe.skipIf(!hasVectors)("the Wycheproof cases", () => {
  it("are all judged as they say", () => {
    const { testGroups } = JSON.parse(readFileSync(vectorPath("ed25519", "ed25519_test.json"), "utf8")) as Wycheproof;
    const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((test) => ({ ...test, pk: publicKey.pk })));
    expect(cases).toHaveLength(151);
    for (const { tcId, pk, msg, sig, result } of cases) {
      const isAccepted = hostChecker.accepts(fromHex(pk), fromHex(msg), fromHex(sig));
      expect({ tcId, isAccepted }).toEqual({ tcId, isAccepted: result === "valid" });
    }
  });
});

describe("sealing", () => {
  const key = new Uint8Array(32).fill(1);

  it("opens what it has sealed, and nothing that was changed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 20 }), fc.nat(), (plain, bound, at) => {
        const parts = [plain.subarray(0, at % 7), plain.subarray(at % 7)];
        const sealed = hostSealer.seal(key, { length: plain.length, parts }, bound);
        expect(hostSealer.open(key, sealed, bound)).toEqual(plain);
        const changed = sealed.map((byte, i) => (i === at % sealed.length ? byte ^ 1 : byte));
        expect(hostSealer.open(key, changed, bound)).toBeUndefined();
        expect(hostSealer.open(key, sealed, utf8(`${bound.join()} other`))).toBeUndefined();
        expect(hostSealer.open(new Uint8Array(32), sealed, bound)).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it("never seals twice alike", () => {
    const seal = () => hostSealer.seal(key, { length: 1, parts: [utf8("a")] }, utf8(""));
    expect(seal()).not.toEqual(seal());
  });

  it("seals nothing that is not as long as was said", () => {
    for (const length of [1, 3]) {
      expect(() => hostSealer.seal(key, { length, parts: [utf8("ab")] }, utf8(""))).toThrow(/as long as it was said/);
    }
  });
});

describe("hmacHex()", () => {
  it("is HMAC-SHA-256 (RFC 4231, case 2)", () => {
    expect(hmacHex(utf8("Jefe"), "what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });
});
