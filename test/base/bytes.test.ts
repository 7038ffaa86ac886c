import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromUtf8,
  hex,
  digestOf,
  isLongerInUtf8,
  parseHexDigest,
  pureHasher,
  sha256Hex,
  utf8,
  utf8Length,
  utf8Pieces,
} from "../../src/base/bytes.ts";

describe("sha256Hex()", () => {
  it.each([
    // FIPS 180-4 examples.
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("of %j", (text, digest) => {
    expect(sha256Hex(text)).toBe(digest);
  });
});

describe("utf8Length()", () => {
  it("agrees with the encoder for every text, lone surrogates included", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => utf8Length(text) === utf8(text).length));
    expect(utf8Length("a\ud800b")).toBe(utf8("a\ud800b").length);
  });
});

describe("a long text, encoded in pieces,", () => {
  it.each(["a", "é", "a😀", "😀", "\ud800", "a\udc00é"])("is what it is as a whole: %j", (sign) => {
    const text = sign.repeat(50_001);
    const pieces = [...utf8Pieces(text)].map((piece) => piece.length);
    expect(pieces.length).toBeGreaterThan(2);
    expect(utf8Length(text)).toBe(utf8(text).length);
    const digests = [pureHasher.sha256OfParts(utf8Pieces(text)), pureHasher.sha256(utf8(text))];
    expect(digests[0]).toEqual(digests[1]);
  });
});

describe("isLongerInUtf8()", () => {
  it("says what counting would", () => {
    const texts = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(fc.property(texts, fc.nat(120), (text, max) => isLongerInUtf8(text, max) === utf8(text).length > max));
  });
});

describe("fromUtf8()", () => {
  it("refuses bytes that are not well-formed, and keeps a byte order mark", () => {
    expect(() => fromUtf8(new Uint8Array([0xc3, 0x28]))).toThrow(TypeError);
    expect(fromUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe("\ufeffa");
  });
});

describe("fromBase64()", () => {
  it.each(["AA", "A A=", "AB==", "-_8="])("refuses %j", (text) => {
    expect(() => fromBase64(text)).toThrow(SyntaxError);
  });
});

describe("equalBytes()", () => {
  it("tells equal from unequal", () => {
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
    expect(equalBytes(new Uint8Array([1]), new Uint8Array([1, 2]))).toBe(false);
  });
});

describe("concatBytes() and hex()", () => {
  it("join and spell", () => {
    expect(hex(concatBytes(new Uint8Array([1]), new Uint8Array([]), new Uint8Array([0xff, 2])))).toBe("01ff02");
  });
});

describe("digestOf()", () => {
  it("spells 32 bytes, and refuses more or fewer", () => {
    expect(digestOf(new Uint8Array(32).fill(171))).toBe("ab".repeat(32));
    expect(() => digestOf(new Uint8Array(31))).toThrow(TypeError);
    expect(() => digestOf(new Uint8Array(33))).toThrow(TypeError);
  });
});

describe("parseHexDigest()", () => {
  it.each(["", "AB".repeat(32), "a".repeat(63), `${"a".repeat(64)}\n`])("refuses %j", (text) => {
    expect(() => parseHexDigest(text)).toThrow(TypeError);
  });
});
