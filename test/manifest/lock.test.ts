import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import type { FunctionSpec } from "../../src/kinds/contract.ts";
import { authorise, type AuthorisedManifest } from "../../src/manifest/authorise.ts";
import { compileGrants } from "../../src/manifest/grants.ts";
import {
  compareLock,
  formatLock,
  lockedTables,
  parseLock,
  type Lock,
  type LockedModule,
} from "../../src/manifest/lock.ts";
import { parseManifest } from "../../src/manifest/parse.ts";
import { resolveManifest, type Resolution } from "../../src/manifest/resolve.ts";
import { fakeKinds } from "./kinds.ts";

const TEXT =
  'enclosure: 1\nname: desk\nversion: "1"\ncapabilities:\n  desk: { use: module, from: ./desk.ts, allow: [look] }\n';
const LOOK: FunctionSpec = {
  name: "look",
  effect: "read",
  positional: ["id"],
  input: { type: "object", properties: { id: { type: "string" } } },
};
const MODULE: LockedModule = { inputsSha256: sha256Hex("desk"), functions: [LOOK] };

function resolution(text = TEXT): Resolution {
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
  if (manifest === undefined) throw new Error(JSON.stringify(problems));
  return resolveManifest(manifest);
}

function lockOf(modules: Readonly<Record<string, LockedModule>>): Lock {
  return parseLock(formatLock(new Map(Object.entries(modules))), "m.lock.json");
}

function compared(modules: Readonly<Record<string, LockedModule>>, loaded?: LockedModule): readonly string[] {
  const table = loaded === undefined ? undefined : new Map([["desk", loaded]]);
  return compareLock(resolution(), lockOf(modules), table).map(
    ({ severity, code, line, column, message }) => `${severity} ${code} ${line}:${column} ${message}`,
  );
}

describe("the lock", () => {
  it("reads back what it writes, and writes the same bytes for the same modules", () => {
    const text = formatLock(new Map([["desk", MODULE]]));
    const lock = parseLock(text, "m.lock.json");
    expect([...lock.modules]).toEqual([["desk", MODULE]]);
    expect(lock.fileSha256).toBe(sha256Hex(text));
    expect(lockedTables(lock).get("desk")).toEqual([LOOK]);
    expect(formatLock(new Map([["desk", { functions: MODULE.functions, inputsSha256: MODULE.inputsSha256 }]]))).toBe(
      text,
    );
    expect(lockedTables(undefined).size).toBe(0);
  });

  it.each<[string, string]>([
    ["", "not plain JSON"],
    ["{", "not plain JSON"],
    ["[".repeat(100_000), "nested deeper than 30"],
    ['{"lock":1,"modules":{"__proto__":{}}}', "not plain JSON"],
    ['{"lock":2,"modules":{}}', "expected 1, the version of the format"],
    ['{"lock":1}', "the key modules is missing"],
    ['{"lock":1,"modules":{},"x":1}', 'unknown key "x"'],
    ['{"lock":1,"modules":{"a b":{}}}', "expected a name"],
    ['{"lock":1,"modules":{"a":{"inputsSha256":"xyz","functions":[]}}}', "64 lower-case hexadecimal digits"],
    [`{"lock":1,"modules":{"a":{"inputsSha256":"${"0".repeat(64)}","functions":[]}}}`, "at least 1 entries"],
    [formatLock(new Map([["a", { ...MODULE, functions: [LOOK, LOOK] }]])), "the function look stands there twice"],
  ])("is refused: %.60s", (text, message) => {
    const refusal = expect.objectContaining({
      code: "LOCK_INVALID",
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => parseLock(text, "m.lock.json")).toThrow(refusal);
  });

  it("matches the modules that it was written for", () => {
    expect(compared({ desk: MODULE }, MODULE)).toEqual([]);
    expect(compared({ desk: MODULE })).toEqual([]);
  });

  it("tells a module of other source files, and what has become of its functions", () => {
    const other: LockedModule = { inputsSha256: sha256Hex("other"), functions: [LOOK] };
    expect(compared({ desk: MODULE }, other)).toEqual([
      expect.stringContaining("error LOCK_MISMATCH 5:3 desk has other source files"),
    ]);
    const functions: readonly FunctionSpec[] = [
      { ...LOOK, effect: "write" },
      { name: "burn", effect: "irreversible" },
    ];
    expect(
      compared({ desk: { ...MODULE, functions: [LOOK, { name: "gone", effect: "read" }] } }, { ...MODULE, functions }),
    ).toEqual([
      "error LOCK_MISMATCH 5:3 desk has other functions than in the lock: gained burn; lost gone; changed look",
    ]);
  });

  it("tells modules that are in one of lock and manifest only", () => {
    expect(compared({ other: MODULE }, MODULE)).toEqual([
      expect.stringContaining("warning LOCK_MISMATCH 4:1 the lock has a module other"),
      expect.stringContaining("error LOCK_MISMATCH 5:3 desk is not in the lock"),
    ]);
  });
});

describe("authorise()", () => {
  const authority = (lock: Lock | undefined, now: LockedModule, text = TEXT): AuthorisedManifest => {
    const resolved = resolution(text);
    const compiled = compileGrants(resolved, new Map([["desk", now.functions]]), fakeKinds);
    return authorise({ resolution: resolved, compiled, lock, loaded: new Map([["desk", now]]), problems: [] });
  };

  it("binds the digests of file, resolved form and lock", () => {
    const lock = lockOf({ desk: MODULE });
    const manifest = authority(lock, MODULE);
    expect(manifest).toMatchObject({
      profile: null,
      fileSha256: sha256Hex(TEXT),
      resolvedSha256: resolution().sha256,
      lockSha256: lock.fileSha256,
      warnings: [],
    });
    expect([...manifest.grants.keys()]).toEqual(["desk"]);
    expect(authority(undefined, MODULE).lockSha256).toBeNull();
  });

  it("refuses a module that the lock was not written for", () => {
    const other = { ...MODULE, inputsSha256: sha256Hex("other") };
    expect(() => authority(lockOf({ desk: MODULE }), other)).toThrow(
      expect.objectContaining({ code: "LOCK_MISMATCH", location: { file: "m.yaml", line: 5, column: 3 } }) as Error,
    );
  });

  it("refuses what has an error, with every problem", () => {
    const bad: LockedModule = { ...MODULE, functions: [{ ...LOOK, input: { pattern: "a" } }] };
    expect(() => authority(undefined, bad)).toThrow(
      expect.objectContaining({
        code: "MANIFEST_INVALID",
        problems: [expect.objectContaining({ code: "MANIFEST_SCHEMA_INVALID" })],
      }) as Error,
    );
  });

  it("runs under a rule that can never match, and warns of it", () => {
    const { warnings } = authority(undefined, MODULE, TEXT.replace("[look]", "[look, gone]"));
    expect(warnings).toEqual([expect.objectContaining({ code: "MANIFEST_RULE_UNREACHABLE", severity: "warning" })]);
  });
});
