// All problems at once: what is told beside other mistakes, and that nothing malformed is ever taken for sound.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import { PROBLEMS_MAX } from "../../src/base/limits.ts";
import { KINDS } from "../../src/kinds/all.ts";
import { listedGrants, parseManifest } from "../../src/manifest/parse.ts";

const HEAD = 'enclosure: 1\nname: desk\nversion: "1.0"\n';
const GRANT = "capabilities:\n  desk: { use: module, from: ./desk.ts, allow: [refund] }\n";
/** Of everything a little, without a mistake. */
const WHOLE = `${HEAD}limits: { wall: 1m }
env: { KEY: "\${secret:bank}" }
secrets: { bank: { from: "env:BANK", hosts: [bank.example] } }
approvals: { via: [tty] }
audit: { default: digest }
agent: { input: { type: object } }
capabilities:
  desk: { use: module, from: ./desk.ts, allow: [refund], ask: [{ call: refund, timeout: 1m }] }
  files: { use: fs, mounts: { /in: { path: ., access: rw, quota: 1MiB } }, deny: [/in/a] }
  web:
    use: http
    allow: [{ request: "GET https://bank.example/", query: true }]
    auth: [{ host: bank.example, header: Authorization, value: "Bearer \${secret:bank}" }]
    limits: { calls: 5, rate: 5/s, response: 1MiB }
profiles:
  ci:
    limits: { wall: 20s }
    env: { LOG: debug }
    audit: { default: full }
    approvals: { via: [] }
    capabilities: { desk: { allow: [] }, web: { limits: { calls: 3 } } }
`;

function told(text: string): readonly string[] {
  return parseManifest(text, { file: "m.yaml", kinds: KINDS }).problems.map(
    ({ line, column, code, pointer, message }) => `${line}:${column} ${code} ${pointer} ${message}`,
  );
}

describe("parseManifest()", () => {
  it("tells what is wrong beside a key that stands twice, and nothing false of what the second one says", () => {
    const twice = `${HEAD}name: other
pourpose: x
capabilities: { desk: { use: module, from: ./desk.ts, allow: [{ call: refund, where: { type: nothing } }] } }
profiles: { p: { limits: { wall: 30m } } }
`;
    expect(told(twice)).toEqual([
      '4:1 MANIFEST_KEY_DUPLICATE /name the key "name" stands here twice',
      '5:1 MANIFEST_KEY_UNKNOWN /pourpose unknown key "pourpose"',
      expect.stringContaining("6:94 MANIFEST_SCHEMA_INVALID /capabilities/desk/allow/0/where/type"),
      expect.stringContaining("7:34 PROFILE_GRANTS_MORE /profiles/p/limits/wall"),
    ]);
    const grants = `${HEAD}${GRANT}${GRANT}profiles: { p: { capabilities: { other: {} } } }\n`;
    expect(told(grants)).toEqual(['6:1 MANIFEST_KEY_DUPLICATE /capabilities the key "capabilities" stands here twice']);
    const nested = `${HEAD}name: "\\ud800"\nenv: { A: x, A: "\\ud800", B: "\\ud800" }\n`;
    expect(told(nested).map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "4:1 MANIFEST_KEY_DUPLICATE /name",
      "5:14 MANIFEST_KEY_DUPLICATE /env/A",
      "5:30 MANIFEST_SYNTAX /env/B",
    ]);
  });

  it("takes nothing for sound of which an error is not listed, and never throws", () => {
    const many = Array.from({ length: PROBLEMS_MAX + 5 }, (_, i) => `x${i}: 1\n`).join("");
    const grants = [
      "{ use: http, allow: [GET https://a.example/], auth: x }",
      "{ use: http, allow: [GET https://a.example/], limits: 5, headers: [5], addresses: {} }",
      "{ use: fs, mounts: [5], deny: 5 }",
      "{ use: module, allow: {}, ask: [5] }",
    ];
    for (const grant of grants) {
      const text = `${HEAD}${many}capabilities: { web: ${grant} }\nprofiles: { a: 5, b: { env: 5, capabilities: { web: 5 } } }\n`;
      const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: KINDS });
      expect(manifest).toBeUndefined();
      expect(problems).toHaveLength(PROBLEMS_MAX + 1);
    }
  });

  it("never throws, whatever stands in the place of a part", () => {
    const whole = parseDocument(WHOLE).toJS() as JsonObject;
    const junk = fc.constantFrom<JsonValue>(null, 5, "x", "${", [], [5], {}, { toString: 5 }, true);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), junk), { minLength: 1, maxLength: 3 }), (damages) => {
        const text = JSON.stringify(damages.reduce((value, [at, other]) => damaged(value, at, other), whole));
        const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: KINDS });
        expect(manifest === undefined).toBe(problems.some(({ severity }) => severity === "error"));
      }),
      { numRuns: 80 },
    );
  });

  it("knows of no secret that is missing where the secrets stand twice", () => {
    const twice = `${HEAD}env: { A: "\${secret:b}" }
secrets: { a: { from: "env:A", hosts: [a.example] } }
secrets: { b: { from: "env:B", hosts: [a.example] } }
`;
    expect(told(twice)).toEqual(['6:1 MANIFEST_KEY_DUPLICATE /secrets the key "secrets" stands here twice']);
  });
});

describe("listedGrants()", () => {
  it("tells the names, whatever else is wrong, and only where they are all known", () => {
    expect(listedGrants(`${HEAD}pourpose: x\n${GRANT}  web: 5\n  my-desk: {}\n`)).toEqual(["desk", "web"]);
    expect(listedGrants(`${HEAD}${GRANT}${GRANT}`)).toBeUndefined();
    for (const rest of ["", "capabilities: 5\n", "capabilties: {}\n", "capabilities: {"])
      expect(listedGrants(HEAD + rest), rest).toBeUndefined();
  });
});

/** `value` with another one in the place of its part number `at`, counted in order and round again. */
function damaged(value: JsonObject, at: number, other: JsonValue): JsonObject {
  const whole = structuredClone(value) as Record<string, JsonValue>;
  const places: (() => void)[] = [];
  const look = (one: Record<string, JsonValue>): void => {
    for (const [key, inner] of Object.entries(one)) {
      places.push(() => (one[key] = other));
      if (inner !== null && typeof inner === "object") look(inner as Record<string, JsonValue>);
    }
  };
  look(whole);
  places[at % places.length]?.();
  return whole;
}
