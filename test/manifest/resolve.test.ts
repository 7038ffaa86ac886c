import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { parseManifest } from "../../src/manifest/parse.ts";
import { resolvePath } from "../../src/manifest/paths.ts";
import { resolveManifest, type Resolution } from "../../src/manifest/resolve.ts";
import { fakeKinds, fakeModule } from "./kinds.ts";

const HEAD = 'enclosure: 1\nname: desk\nversion: "1"\n';
const WHOLE = `${HEAD}limits: { wall: 1m, calls: 50 }
env: { LOG: info, KEY: "\${secret:bank}" }
secrets: { bank: { from: "env:BANK", hosts: [bank.example] } }
approvals: { via: [tty] }
audit: { default: digest }
capabilities:
  desk: { use: module, from: ./desk.ts, allow: [refund, look], ask: [refund], limits: { calls: 9, rate: 5/s } }
profiles:
  ci:
    approvals: { via: [] }
    limits: { wall: 20s }
    env: { LOG: debug }
    audit: { default: full }
    capabilities: { desk: { allow: [look], limits: { calls: 3 } } }
`;

function resolve(text: string, profile?: string): Resolution {
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
  expect(problems).toEqual([]);
  if (manifest === undefined) throw new Error("no manifest");
  return resolveManifest(manifest, profile);
}

function told(profile: string): readonly string[] {
  const text = `${WHOLE.split("profiles")[0]}profiles: { p: ${profile} }\n`;
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
  expect(manifest === undefined).toBe(problems.length > 0);
  return problems.map(({ code, pointer, message }) => `${code} ${pointer} ${message}`);
}

describe("resolveManifest()", () => {
  it("fills in the defaults", () => {
    const { resolved } = resolve(HEAD);
    expect(resolved).toMatchObject({
      owner: null,
      profile: null,
      limits: DEFAULT_SESSION_LIMITS,
      approvals: { via: ["tty"], otherwise: "deny" },
      audit: { default: "full" },
      agent: { entry: null, input: true, output: true },
      capabilities: {},
    });
  });

  it("gives the same digest however the file is spelled, and leaves placeholders as they are", () => {
    const one = resolve(WHOLE);
    const other = resolve(WHOLE.replace("{ wall: 1m, calls: 50 }", "\n  calls: 50 # as agreed\n  wall: 60s"));
    expect(other.manifest.fileSha256).not.toBe(one.manifest.fileSha256);
    expect(other.sha256).toBe(one.sha256);
    expect(one.sha256).toBe(sha256Hex(one.canonical));
    expect(one.manifest.fileSha256).toBe(sha256Hex(WHOLE));
    expect(one.resolved.env["KEY"]).toBe("${secret:bank}");
  });

  it("applies a profile: maps merge, lists replace", () => {
    const { resolved, sha256 } = resolve(WHOLE, "ci");
    expect(resolved).toMatchObject({
      profile: "ci",
      approvals: { via: [] },
      limits: { wallMs: 20_000, calls: 50 },
      env: { LOG: "debug", KEY: "${secret:bank}" },
      audit: { default: "full" },
    });
    expect(Object.values(resolved.capabilities)).toEqual([
      {
        use: "module",
        audit: "full",
        limits: { calls: 3, rate: { count: 5, perMs: 1000 } },
        own: { from: "./desk.ts", allow: ["look"], ask: ["refund"], limits: {} },
      },
    ]);
    expect(sha256).not.toBe(resolve(WHOLE).sha256);
  });

  it("refuses a profile that the manifest does not have", () => {
    const unknown = expect.objectContaining({ code: "PROFILE_UNKNOWN", mend: "Did you mean ci?" }) as Error;
    expect(() => resolve(WHOLE, "cii")).toThrow(unknown);
    expect(() => resolve(HEAD, "toString")).toThrow(expect.objectContaining({ code: "PROFILE_UNKNOWN" }) as Error);
  });
});

describe("a profile that grants more", () => {
  it.each<[string, string, string]>([
    [
      "a higher limit",
      "{ limits: { wall: 2m } }",
      "/profiles/p/limits/wall limits.wall is higher than the manifest's 1m",
    ],
    [
      "a limit higher than the default",
      "{ limits: { memory: 256MiB } }",
      "/profiles/p/limits/memory limits.memory is higher than the manifest's 128MiB",
    ],
    [
      "a placeholder",
      '{ env: { B: "${secret:bank}" } }',
      "/profiles/p/env/B a profile adds no placeholder of a secret",
    ],
    ["less audit", "{ audit: { default: none } }", "/profiles/p/audit/default audit none records less"],
    ["a grant", "{ capabilities: { dsk: { ask: [] } } }", "/profiles/p/capabilities/dsk the manifest has no grant dsk"],
    [
      "an allow rule",
      "{ capabilities: { desk: { allow: [burn] } } }",
      "/profiles/p/capabilities/desk/allow/0 this rule is not under allow",
    ],
    [
      "an ask rule less",
      "{ capabilities: { desk: { ask: [look] } } }",
      "/profiles/p/capabilities/desk/ask 1 of the grant's own ask rules is missing",
    ],
    [
      "more calls",
      "{ capabilities: { desk: { limits: { calls: 10 } } } }",
      "/profiles/p/capabilities/desk/limits/calls limits.calls is higher",
    ],
    [
      "a higher rate",
      "{ capabilities: { desk: { limits: { rate: 6/s } } } }",
      "/profiles/p/capabilities/desk/limits/rate limits.rate is not plainly lower",
    ],
    [
      "the same count in another unit",
      "{ capabilities: { desk: { audit: none } } }",
      "/profiles/p/capabilities/desk/audit audit none records less",
    ],
  ])("is refused: %s", (_, profile, problem) => {
    expect(told(profile)).toEqual([expect.stringContaining(`PROFILE_GRANTS_MORE ${problem}`)]);
  });

  it.each(["toString", "constructor", "valueOf"])("is refused for a grant %s that the manifest has not", (name) => {
    expect(told(`{ capabilities: { ${name}: { ask: [] } } }`)).toContainEqual(
      `PROFILE_GRANTS_MORE /profiles/p/capabilities/${name} the manifest has no grant ${name}`,
    );
  });

  it.each([
    ["a key of the manifest that is not known", "pourpose: x\n", "{ env: { B: '${secret:bank}' } }", "env/B"],
    ["a fault of another profile", "", "{ limits: { wall: 2m } }, q: { audit: 5 }", "limits/wall"],
    ["a fault of another part", "", "{ env: 5, limits: { wall: 2m } }", "limits/wall"],
    ["an unsound grant", "", "{ capabilities: { desk: { alow: [] }, dsk: {} } }", "capabilities/dsk"],
    [
      "an unsound limit",
      "agent: { entri: x }\n",
      "{ limits: { cpu: 0s, wall: 2m }, approvals: { via: [] }, audit: { default: none } }",
      "audit/default",
    ],
  ])("is told beside %s", (_, more, profile, place) => {
    const text = `${WHOLE.split("profiles")[0]}${more}profiles: { p: ${profile} }\n`;
    const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
    expect(manifest).toBeUndefined();
    expect(problems.length).toBeGreaterThan(1);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: "PROFILE_GRANTS_MORE", pointer: `/profiles/p/${place}` }),
    );
  });

  it("is told for the session and for a grant at once, and its rules' mistakes beside a fault elsewhere", () => {
    expect(told("{ audit: { default: none }, capabilities: { desk: { audit: none } } }")).toEqual([
      expect.stringContaining("PROFILE_GRANTS_MORE /profiles/p/audit/default"),
      expect.stringContaining("PROFILE_GRANTS_MORE /profiles/p/capabilities/desk/audit"),
    ]);
    expect(
      told("{ lmits: {}, capabilities: { desk: { deny: [{ call: refund, where: { type: nothing } }] } } }"),
    ).toEqual([
      expect.stringContaining("MANIFEST_KEY_UNKNOWN /profiles/p/lmits"),
      expect.stringContaining("MANIFEST_SCHEMA_INVALID /profiles/p/capabilities/desk/deny/0/where/type"),
    ]);
  });

  it("is refused for the ways to ask", () => {
    const text = `${HEAD}approvals: { via: [] }\nprofiles: { p: { approvals: { via: [tty] } } }\n`;
    const { problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
    expect(problems).toEqual([
      expect.objectContaining({ code: "PROFILE_GRANTS_MORE", pointer: "/profiles/p/approvals/via/0", line: 5 }),
    ]);
  });

  it("is not one that only narrows", () => {
    expect(
      told("{ limits: { wall: 1m }, capabilities: { desk: { ask: [refund, look], deny: [refund], audit: full } } }"),
    ).toEqual([]);
  });

  it("has rules of the form that its kind gives them", () => {
    expect(told("{ capabilities: { desk: { deny: [{ cal: refund }] } } }")).toEqual([
      expect.stringContaining("MANIFEST_KEY_MISSING /profiles/p/capabilities/desk/deny/0"),
      expect.stringContaining("MANIFEST_KEY_UNKNOWN /profiles/p/capabilities/desk/deny/0/cal"),
    ]);
  });

  it.each(["allow", "ask", "deny"])("has no list %s where the grant's kind has none", (list) => {
    const { [list]: _, ...keys } = fakeModule.keys;
    const kinds = new Map([["module" as const, { ...fakeModule, keys, required: ["from"] }]]);
    const text = `${HEAD}capabilities: { desk: { use: module, from: ./d.ts } }
profiles: { ci: { capabilities: { desk: { ${list}: [] } } } }\n`;
    expect(parseManifest(text, { file: "m.yaml", kinds }).problems).toEqual([
      expect.objectContaining({
        code: "MANIFEST_KEY_UNKNOWN",
        pointer: `/profiles/ci/capabilities/desk/${list}`,
        line: 5,
        column: 43,
        message: `profiles.ci.capabilities.desk: unknown key "${list}": a grant of kind module has no such list`,
      }),
    ]);
  });

  it("has rules without mistakes, whether it is used or not", () => {
    expect(told("{ capabilities: { desk: { deny: [{ call: refund, where: { type: nothing } }] } } }")).toEqual([
      expect.stringContaining("MANIFEST_SCHEMA_INVALID /profiles/p/capabilities/desk/deny/0/where/type"),
    ]);
  });

  it("is refused by name for what is not built", () => {
    expect(told("{ audit: { default: redacted } }")).toEqual([
      expect.stringContaining("MANIFEST_NOT_BUILT /profiles/p/audit/default"),
    ]);
  });
});

describe("resolvePath()", () => {
  it.each([
    ["./x", "/a/b/x"],
    ["../x", "/a/x"],
    ["/x/./y", "/x/y"],
    ["../../../..", "/"],
    [".", "/a/b"],
  ])("resolves %s against the manifest's folder", (path, whole) => expect(resolvePath("/a/b", path)).toBe(whole));
});
