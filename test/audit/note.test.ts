import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseCheckpoint, signCheckpoint } from "../../src/audit/checkpoint.ts";
import {
  parseNote,
  parseVerifierKey,
  signNote,
  spellVerifierKey,
  verifierKey,
  verifyNote,
} from "../../src/audit/note.ts";
import type { Signer } from "../../src/audit/powers.ts";
import { fromBase64 } from "../../src/base/bytes.ts";
import { isFault } from "../../src/base/errors.ts";
import { hostChecker } from "../../src/outside/crypto.ts";

function makeSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ format: "der", type: "spki" });
  return { publicKey: new Uint8Array(der.subarray(-32)), sign: (message) => sign(null, message, privateKey) };
}

const signer = makeSigner();
const key = verifierKey("enclosure.local/a", signer.publicKey);
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return isFault(error) ? error.code : "other";
  }
  return undefined;
};

describe("a signed note", () => {
  it("of the specification's own example has its key read and its signature accepted", () => {
    // The test key and note of golang.org/x/mod/sumdb/note's documentation.
    const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const note =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
      "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const known = parseVerifierKey(vkey);
    expect(spellVerifierKey(known)).toBe(vkey);
    expect(verifyNote(parseNote(note), [known], hostChecker)).toEqual([known]);
  });

  it("is accepted from its key and from no other", () => {
    const note = signNote("a text\n", key.name, signer);
    expect(verifyNote(parseNote(note), [key], hostChecker)).toEqual([key]);
    const stranger = verifierKey(key.name, makeSigner().publicKey);
    expect(verifyNote(parseNote(note), [stranger], hostChecker)).toEqual([]);
  });

  it("is refused where its text was changed", () => {
    const note = signNote("a text\n", key.name, signer).replace("a text", "b text");
    expect(codeOf(() => verifyNote(parseNote(note), [key], hostChecker))).toBe("NOTE_INVALID");
  });

  it.each([
    ["without a signature", "a text\n"],
    ["without a last line's end", "a text\n\n— a AAAAAAAA"],
    ["with a malformed signature line", "a text\n\n- a AAAAAAAA\n"],
    ["with a signature of another alphabet", "a text\n\n— a AAAA_AAAA\n"],
    ["with a control character", "a\u0000 text\n\n— a AAAAAAAAAA==\n"],
  ])("%s is refused", (_, note) => {
    expect(codeOf(() => parseNote(note))).toBe("NOTE_INVALID");
  });
});

describe("a verifier key", () => {
  it("is read as it was spelled", () => {
    expect(parseVerifierKey(spellVerifierKey(key))).toEqual(key);
  });

  it.each(["", "a+b", "a+00000000+AAAA", spellVerifierKey(key).replace("+", "+0"), `x${spellVerifierKey(key)}`])(
    "%j is refused",
    (text) => {
      expect(codeOf(() => parseVerifierKey(text))).toBe("KEY_INVALID");
    },
  );

  it("cannot have a name with spaces or a plus", () => {
    expect(codeOf(() => verifierKey("a b", signer.publicKey))).toBe("KEY_INVALID");
    expect(codeOf(() => verifierKey("a+b", signer.publicKey))).toBe("KEY_INVALID");
  });
});

describe("a checkpoint", () => {
  const root = fromBase64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");

  it("has the three lines of C2SP tlog-checkpoint", () => {
    const note = signCheckpoint({ origin: key.name, size: 20852163, root }, signer);
    expect(note).toMatch(
      /^enclosure\.local\/a\n20852163\nCsUYapGGPo4dkMgIAUqom\/Xajj7h2fB2MPA3j2jxq2I=\n\n— enclosure\.local\/a \S+\n$/,
    );
    expect(parseCheckpoint(note).checkpoint).toEqual({ origin: key.name, size: 20852163, root });
  });

  it("may have lines of others after its own", () => {
    const note = signNote(`o\n7\n${Buffer.from(root).toString("base64")}\nmore\n`, key.name, signer);
    expect(parseCheckpoint(note).checkpoint.size).toBe(7);
  });

  it.each(["o\n07\nR\n", "o\n-1\nR\n", "o\n9007199254740993\nR\n", "o\n7\nAAAA\n", "\n7\nR\n", "o\n7\n"])(
    "of the text %j is refused",
    (text) => {
      const spelled = text.replace("R", Buffer.from(root).toString("base64"));
      expect(codeOf(() => parseCheckpoint(signNote(spelled, key.name, signer)))).toBe("NOTE_INVALID");
    },
  );
});
