// Other people's verifiers: Go's checksum database (golang.org/x/mod/sumdb) and openssl judge what a real log signs and
// proves. What they need is in Debian's golang-go, golang-golang-x-mod-dev and openssl; without it these are skipped.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { rangeHasher } from "../../src/audit/merkle.ts";
import { parseVerifierKey, spellVerifierKey, verifierKey } from "../../src/audit/note.ts";
import { makeConsistencyProof, makeInclusionProof, type RangeHash } from "../../src/audit/proofs.ts";
import type { AuditReads, CheckpointRow } from "../../src/audit/store.ts";
import { base64, concatBytes, fromHex, utf8 } from "../../src/base/bytes.ts";
import { hostTreeHasher, makeSigningKey, signerOf } from "../../src/outside/crypto.ts";
import { findVerifierKey } from "../../src/outside/keys.ts";
import { SqliteReads } from "../../src/store/sqlite-reads.ts";
import { newPlace, openWriter, runSession } from "../store/logs.ts";
import { temporaryFolder } from "../support/folder.ts";

/** Where Debian puts Go's packages. */
const GOPATH = "/usr/share/gocode";
const hasGo =
  spawnSync("go", ["version"]).status === 0 && existsSync(join(GOPATH, "src", "golang.org", "x", "mod", "sumdb"));
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

interface Question {
  readonly kind: "note" | "inclusion" | "consistency";
  readonly [field: string]: unknown;
}

/** A log of 1,400 records and several checkpoints, as its writer left it. */
interface Filled {
  readonly reads: AuditReads;
  readonly hashOf: RangeHash;
  readonly vkey: string;
  readonly checkpoints: readonly CheckpointRow[];
}

async function filledLog(): Promise<Filled> {
  const place = newPlace();
  const writer = await openWriter(place);
  for (let i = 0; i < 7; i++) await runSession(writer, 100);
  await writer.close();
  const db = new Database(place.path, { readonly: true });
  onTestFinished(() => void db.close());
  const reads = new SqliteReads(db, hostTreeHasher);
  const hashOf = rangeHasher(hostTreeHasher, (level, from, to) => reads.hashes(level, from, to));
  const vkey = findVerifierKey(place.home, writer.origin);
  if (vkey === undefined) throw new Error("the log has no key");
  return { reads, hashOf, vkey: spellVerifierKey(vkey), checkpoints: reads.checkpoints(0, 100) };
}

const rootAt = ({ note }: CheckpointRow): Uint8Array => parseCheckpoint(note).checkpoint.root;

describe.skipIf(!hasGo)("Go's sumdb", () => {
  let folder: string;
  let program: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "enclosure-sumdb-"));
    program = join(folder, "judge");
    const source = join(import.meta.dirname, "sumdb", "main.go");
    const env = { GO111MODULE: "off", GOPATH, GOCACHE: folder, HOME: folder, PATH: process.env["PATH"] };
    const built = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
    if (built.status !== 0) throw new Error(`go build: ${built.stderr}`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function judge(questions: readonly Question[]): readonly string[] {
    const input = questions.map((one) => `${JSON.stringify(one)}\n`).join("");
    const { stdout } = spawnSync(program, { input, encoding: "utf8" });
    return stdout.trimEnd().split("\n");
  }

  const countOf = (answers: readonly string[]): Record<string, number> =>
    Object.fromEntries(
      Object.entries(Object.groupBy(answers, (one) => one.split(":")[0] as string)).map(([k, v]) => [
        k,
        v?.length ?? 0,
      ]),
    );

  test("opens every checkpoint with its key, and none that is forged", async () => {
    const { checkpoints, vkey } = await filledLog();
    expect(checkpoints.length).toBeGreaterThan(2);
    const note = (row: CheckpointRow): Question => ({ kind: "note", note: row.note, keys: [vkey] });
    expect(countOf(judge(checkpoints.map(note)))).toEqual({ accepted: checkpoints.length });

    const { name } = parseVerifierKey(vkey);
    const stranger = spellVerifierKey(verifierKey(name, signerOf(makeSigningKey()).publicKey));
    const forged = checkpoints.flatMap(({ size, note: text }): Question[] => [
      { kind: "note", note: text.replace(`\n${size}\n`, `\n${size + 1}\n`), keys: [vkey] },
      { kind: "note", note: text.replace(name, `${name}0`), keys: [vkey] },
      { kind: "note", note: text.replace(/(.)(=\n)$/, (_, c, end) => `${c === "A" ? "E" : "A"}${end}`), keys: [vkey] },
      { kind: "note", note: text, keys: [stranger] },
    ]);
    expect(countOf(judge(forged))).toEqual({ rejected: forged.length });
  });

  test("accepts every record's inclusion under every checkpoint, and nothing else", async () => {
    const { reads, hashOf, checkpoints } = await filledLog();
    const questions = checkpoints.flatMap((row): Question[] =>
      reads.rows(0, row.size).flatMap(({ seq, body }) =>
        seq % 7 === 0 || seq > row.size - 4
          ? [
              {
                kind: "inclusion",
                body: base64(utf8(body)),
                index: seq,
                size: row.size,
                root: base64(rootAt(row)),
                hashes: makeInclusionProof(hashOf, seq, row.size).map(base64),
              },
            ]
          : [],
      ),
    );
    expect(questions.length).toBeGreaterThan(500);
    expect(countOf(judge(questions))).toEqual({ accepted: questions.length });

    const hashes = (one: Question): string[] => one["hashes"] as string[];
    const forged = questions.flatMap((one, i): Question[] => [
      { ...one, body: base64(concatBytes(utf8("x"), utf8(String(i)))) },
      { ...one, index: ((one["index"] as number) + 1) % (one["size"] as number) },
      { ...one, hashes: hashes(one).slice(1) },
      { ...one, hashes: [...hashes(one), hashes(one)[0]] },
      { ...one, root: base64(new Uint8Array(32)) },
    ]);
    expect(countOf(judge(forged))).toEqual({ rejected: forged.length });
  });

  test("accepts that each checkpoint grew out of each before it, and no other", async () => {
    const { hashOf, checkpoints } = await filledLog();
    const questions = checkpoints.flatMap((newer, i) =>
      checkpoints.slice(0, i).map((older): Question => ({
        kind: "consistency",
        size: newer.size,
        root: base64(rootAt(newer)),
        olderSize: older.size,
        olderRoot: base64(rootAt(older)),
        hashes: makeConsistencyProof(hashOf, older.size, newer.size).map(base64),
      })),
    );
    expect(questions.length).toBeGreaterThan(2);
    expect(countOf(judge(questions))).toEqual({ accepted: questions.length });
    const forged = questions.flatMap((one): Question[] => [
      { ...one, olderRoot: one["root"] },
      { ...one, root: one["olderRoot"] },
      { ...one, olderSize: (one["olderSize"] as number) - 1 },
      { ...one, hashes: (one["hashes"] as string[]).slice(1) },
    ]);
    expect(countOf(judge(forged))).toEqual({ rejected: forged.length });
  });
});

describe.skipIf(!hasOpenssl)("openssl", () => {
  test("verifies a checkpoint's signature from the note and the vkey alone, and rejects a changed one", async () => {
    const { checkpoints, vkey } = await filledLog();
    const folder = temporaryFolder();
    const verdict = (text: string, signature: Uint8Array): number | null => {
      const [message, sig, key] = ["message", "signature", "key.der"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(message, text);
      writeFileSync(sig, signature);
      // The key as RFC 8410 has it in DER.
      writeFileSync(key, concatBytes(fromHex("302a300506032b6570032100"), parseVerifierKey(vkey).publicKey));
      const args = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-keyform", "DER", "-rawin"];
      return spawnSync("openssl", [...args, "-in", message, "-sigfile", sig]).status;
    };
    for (const { size, note: whole } of checkpoints) {
      const { note } = parseCheckpoint(whole);
      const signature = note.signatures[0]?.signature as Uint8Array;
      expect(verdict(note.text, signature)).toBe(0);
      expect(verdict(note.text.replace(`\n${size}\n`, `\n${size + 1}\n`), signature)).toBe(1);
    }
  });
});
