import { describe, expect, it } from "vitest";
import { encodeValue } from "../../src/base/codec.ts";
import type { JsonObject } from "../../src/base/json.ts";
import { fsKind } from "../../src/kinds/fs/kind.ts";
import { FS_FUNCTIONS } from "../../src/kinds/fs/functions.ts";
import { httpKind } from "../../src/kinds/http/kind.ts";
import { compileValueChecker } from "../../src/manifest/checker.ts";
import { fit } from "../../src/manifest/fit.ts";
import { manifestSchema } from "../../src/manifest/grammar.ts";
import type { JsonSchema, Kind, KindName } from "../../src/kinds/contract.ts";
import { compiled } from "../support/compiled.ts";

const FETCH = compiled(httpKind, "web", { allow: ["GET https://a.example/"] }).grant.functions.get("fetch");
const functions = [...FS_FUNCTIONS, ...(FETCH === undefined ? [] : [FETCH])];

/** What is wrong with a value by a function's schema; fails where the schema itself is not acceptable. */
function wrong(name: string, side: "input" | "output", value: unknown): string | undefined {
  const schema = functions.find((fn) => fn.name === name)?.[side];
  return compileValueChecker(schema ?? false, "", ({ message }) => {
    throw new Error(message);
  })(encodeValue(value));
}

describe("the functions of the kinds http and fs", () => {
  it.each([
    [
      "fetch",
      { url: "https://a.example/", headers: [["a", "b"]], body: new Uint8Array([1]), redirects: 1 },
      { status: 200, statusText: "OK", url: "x", headers: [["a", "b"]], body: "x", redirected: false },
    ],
    [
      "fetch",
      { url: "x", headers: { a: "b" }, body: "x" },
      { status: 200, statusText: "", url: "x", headers: [], body: new Uint8Array([255]), redirected: true },
    ],
    ["readText", { path: "/in/a" }, "text"],
    ["readBytes", { path: "/in/a" }, new Uint8Array([1])],
    ["write", { path: "/in/a", data: "x" }, { bytes: 1, before: null, after: "00" }],
    ["append", { path: "/in/a", data: new Uint8Array() }, { bytes: 1, before: "00", after: "00" }],
    ["list", { path: "/in" }, [{ name: "a", type: "file" }]],
    ["stat", { path: "/in" }, null],
    ["stat", { path: "/in" }, { type: "folder", size: 0, modifiedMs: 0 }],
    ["glob", { pattern: "/in/*" }, ["/in/a"]],
    ["move", { from: "/in/a", to: "/in/b" }, { bytes: 1, before: "00", after: "00" }],
    ["remove", { path: "/in/a" }, { bytes: 0, before: "00", after: null }],
  ])("%s takes and gives what its schemas say", (name, input, output) => {
    expect(wrong(name, "input", input)).toBeUndefined();
    expect(wrong(name, "output", output)).toBeUndefined();
    expect(wrong(name, "input", { ...input, more: 1 })).toBeDefined();
    expect(wrong(name, "input", {})).toBeDefined();
  });
});

describe("the keys of the kinds http and fs", () => {
  const kinds = new Map<KindName, Kind>([
    ["http", httpKind],
    ["fs", fsKind],
  ]);
  const schema = manifestSchema(kinds);
  const problems = (use: string, grant: JsonObject): readonly string[] => {
    const found: string[] = [];
    const definitions = schema["$defs"] as { readonly [name: string]: JsonSchema };
    fit({ use, ...grant }, definitions[`grant-${use}`] as JsonSchema, "", definitions, ({ code, pointer }) =>
      found.push(`${code} ${pointer}`),
    );
    return found;
  };

  it("take the grants of the manifest's own example", () => {
    const web: JsonObject = {
      allow: [
        "GET https://api.example.com/v2/flights/**",
        { request: "GET https://api.example.com/v2/search", query: { type: "object" } },
        { request: "POST https://api.example.com/v2/quotes", effect: "write", body: { type: "object" } },
        { request: "POST https://api.example.com/v2/notes", body: "text/plain" },
      ],
      deny: ["* https://api.example.com/v2/flights/internal/**"],
      auth: [{ host: "api.example.com", header: "Authorization", value: "Bearer ${secret:flights}" }],
      addresses: ["10.0.0.0/8"],
      headers: ["x-api-version"],
      limits: { response: "2MiB", timeout: "20s", redirects: 3, calls: 5 },
    };
    expect(problems("http", web)).toEqual([]);
    const mounts = {
      "/in": { path: "./reference", access: "ro" },
      "/out": { path: "./workspace", access: "rw", quota: "50MiB" },
    };
    expect(
      problems("fs", {
        mounts,
        deny: ["/in/x"],
        ask: [{ call: "remove", timeout: "1m" }, { call: ["move", "write"] }],
      }),
    ).toEqual([]);
  });

  it("refuse a size and a duration that no number holds exactly", () => {
    const quota = { "/out": { path: ".", access: "rw", quota: "999999999999GiB" } };
    expect(problems("fs", { mounts: quota, ask: [{ timeout: "999999999y" }] })).toEqual([
      "MANIFEST_VALUE_INVALID /mounts/~1out/quota",
      "MANIFEST_VALUE_INVALID /ask/0/timeout",
    ]);
    const ask = [{ request: "GET https://a.example/", timeout: "999999999d" }];
    const limits = { response: "9999999999MiB", timeout: "999999y" };
    expect(problems("http", { allow: ["GET https://a.example/"], ask, limits })).toEqual([
      "MANIFEST_VALUE_INVALID /ask/0/timeout",
      "MANIFEST_VALUE_INVALID /limits/response",
      "MANIFEST_VALUE_INVALID /limits/timeout",
    ]);
  });

  it("refuse what they do not know, each at its place", () => {
    expect(problems("http", {})).toEqual(["MANIFEST_KEY_MISSING "]);
    expect(
      problems("http", { allow: [{ request: "GET https://a.example/", timeout: "1m" }], limits: { response: "2 MB" } }),
    ).toEqual(["MANIFEST_KEY_UNKNOWN /allow/0/timeout", "MANIFEST_VALUE_INVALID /limits/response"]);
    expect(problems("fs", { mounts: { "/in": { path: ".", access: "rx" } }, deny: [{ call: "erase" }, {}] })).toEqual([
      "MANIFEST_VALUE_INVALID /mounts/~1in/access",
      "MANIFEST_VALUE_INVALID /deny/0/call",
      "MANIFEST_VALUE_INVALID /deny/1",
    ]);
  });
});
