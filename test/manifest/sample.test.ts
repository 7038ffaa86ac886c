// The sample of the manifest's documentation: the whole format in one file. It has no mistake, and this version refuses
// by name exactly what it does not enforce.
import { Ajv2020 } from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { describe, expect, it } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/base/json.ts";
import { KINDS } from "../../src/kinds/all.ts";
import { manifestSchema } from "../../src/manifest/grammar.ts";
import { parseManifest } from "../../src/manifest/parse.ts";

const text = readFileSync(join(import.meta.dirname, "../../fixtures/manifests/sample.yaml"), "utf8");
const sample = parseDocument(text).toJS() as JsonObject;

describe("the sample manifest", () => {
  it("has no mistake, and each thing that is not built is refused by name", () => {
    const { manifest, problems } = parseManifest(text, { file: "sample.yaml", kinds: KINDS });
    expect(manifest).toBeUndefined();
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["MANIFEST_NOT_BUILT"]));
    expect(problems.map(({ pointer }) => pointer)).toEqual([
      "/review",
      "/limits/cost",
      "/secrets/tickets/from",
      "/mcpServers",
      "/capabilities/airline/labels",
      "/capabilities/airline/audit",
      "/capabilities/airline/ask/0/approvers",
      "/capabilities/llm/use",
      "/capabilities/tickets/use",
      "/capabilities/memory/use",
      "/capabilities/ledger/use",
      "/capabilities/desk/use",
      "/flow",
      "/approvals/via/1",
      "/approvals/grace",
      "/audit/redact",
      "/audit/retain",
    ]);
    for (const { message } of problems) expect(message).toMatch(/not built in this version$/);
  });
});

describe("manifestSchema()", () => {
  const schema = manifestSchema(KINDS);
  const validate = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
    addUsedSchema: false,
  }).compile({ ...schema });

  it("describes the sample", () => {
    validate(sample);
    expect(validate.errors).toBeNull();
  });

  it("describes every key, and is closed to any other", () => {
    const missing: string[] = [];
    const look = (one: JsonValue | undefined, at: string): void => {
      if (!isJsonObject(one)) return;
      if (isJsonObject(one["properties"])) {
        for (const [key, inner] of Object.entries(one["properties"])) {
          if (one["additionalProperties"] === undefined) missing.push(`${at}: open to any other key`);
          if (!isJsonObject(inner) || typeof inner["description"] !== "string") missing.push(`${at}.${key}`);
          look(inner, `${at}.${key}`);
        }
      }
      for (const key of ["items", "additionalProperties"]) look(one[key], at);
      for (const branch of (one["anyOf"] ?? []) as readonly JsonValue[]) look(branch, at);
    };
    look(schema, "");
    const definitions = schema["$defs"] as JsonObject;
    for (const name of ["grant-module", "grant-http", "grant-fs"]) look(definitions[name], name);
    expect(missing).toEqual([]);
  });

  it("fails every key that is not known, wherever it is put, as the parser does", () => {
    for (const path of mapsOf(sample, [])) {
      const damaged = structuredClone(sample) as Record<string, JsonValue>;
      let place: Record<string, JsonValue> = damaged;
      for (const key of path) place = place[key] as Record<string, JsonValue>;
      place["zzUnknown"] = 5;
      const free = ["env", "headers", "queries", "mounts"].includes(String(path.at(-1)));
      expect({ path, valid: validate(damaged) }).toEqual({ path, valid: false });
      const { problems } = parseManifest(JSON.stringify(damaged), { file: "x", kinds: KINDS });
      const codes = problems.filter(({ pointer }) => pointer.endsWith("/zzUnknown")).map(({ code }) => code);
      if (!free && !isOpen(path)) expect({ path, codes }).toEqual({ path, codes: ["MANIFEST_KEY_UNKNOWN"] });
      else expect({ path, codes: codes.length > 0 }).toEqual({ path, codes: true });
    }
  });
});

/** Maps whose keys are names: a value of the wrong form is told, not the key. */
function isOpen(path: readonly string[]): boolean {
  return path.length === 1 && ["secrets", "capabilities", "mcpServers", "profiles"].includes(path[0] as string);
}

/** Paths of all maps in the sample, JSON Schemas left out. */
function mapsOf(value: JsonValue, path: readonly string[]): readonly (readonly string[])[] {
  if (value === null || typeof value !== "object") return [];
  if (["input", "output", "where", "query", "body"].includes(path.at(-1) ?? "")) return [];
  const inner = Object.entries(value).flatMap(([key, one]) => mapsOf(one, [...path, key]));
  return Array.isArray(value) ? inner : [path, ...inner];
}
