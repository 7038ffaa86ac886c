// Placeholders: where they stand for a secret, and that whatever else looks like one is refused at its place.
import { describe, expect, it } from "vitest";
import { KINDS } from "../../src/kinds/all.ts";
import { parseManifest } from "../../src/manifest/parse.ts";

const WEB = 'use: http, allow: ["GET https://a.example/**"]';

function told(grants: string, more = ""): readonly string[] {
  const text = `enclosure: 1
name: a
version: "1"
secrets: { key: { from: "env:KEY", hosts: [A.example, "b.example:8443"] }, other: { from: "env:B", hosts: [c.example] } }
capabilities: { ${grants} }
${more}`;
  const { problems } = parseManifest(text, { file: "m.yaml", kinds: KINDS });
  return problems
    .filter(({ severity }) => severity === "error")
    .map(({ line, code, pointer, message }) => `${line} ${code} ${pointer} ${message}`);
}

const auth = (host: string, value: string): string =>
  told(`web: { ${WEB}, auth: [{ host: "${host}", header: Authorization, value: "${value}" }] }`).join("\n");

describe("a placeholder", () => {
  it("of a secret may stand in auth, towards the hosts of the secret", () => {
    for (const host of ["a.example", "A.EXAMPLE", "a.example:443", "b.example", "b.example:8443"])
      expect(auth(host, "Bearer ${secret:key}"), host).toBe("");
    expect(auth("a.example", "$${secret:key}{")).toBe("");
    expect(auth("a.example", "plain")).toBe("");
  });

  it("is no placeholder in a rule's schema, whose texts are compared as they are written", () => {
    const desk = (text: string) =>
      told(`desk: { use: module, from: ./a.ts, allow: [{ call: a, where: { const: "${text}" } }] }`);
    expect(desk("Hi ${name}")).toEqual([]);
    // A secret's is refused all the same: whoever writes one means the value.
    expect(desk("${secret:key}")).toEqual([
      '5 MANIFEST_VALUE_INVALID /capabilities/desk/allow/0/where/const "${secret:key}" is not replaced here',
    ]);
  });

  it.each([
    ["a.example.org", "key"],
    ["b.example:443", "key"],
    ["a.example", "other"],
  ])("is refused in auth for %s, where the secret %s may not go", (host, name) => {
    expect(auth(host, `Bearer \${secret:${name}}`)).toBe(
      `5 MANIFEST_VALUE_INVALID /capabilities/web/auth/0/value the secret ${name} may not be sent to ${host}, which is not among its hosts`,
    );
  });

  it.each([
    ["Bearer ${env:TOKEN}", "${env:TOKEN}"],
    ["${TOKEN}", "${TOKEN}"],
    ["${Secret:key}", "${Secret:key}"],
    ["${secret:key", "${secret:key"],
    ["${secret:key} ${x", "${x"],
    ["${secret:${secret:key}}", "${secret: }"],
  ])("that is none of a secret is refused in auth: %s", (value, name) => {
    expect(auth("a.example", value)).toBe(
      `5 MANIFEST_VALUE_INVALID /capabilities/web/auth/0/value a placeholder that is not one of a secret: "${name}"`,
    );
  });

  it.each([
    [
      `web: { ${WEB}, auth: [{ host: a.example, header: "x", value: "a" }, { host: a.example, header: "\${secret:key}", value: x }] }`,
      "web/auth/1/header",
    ],
    [`web: { ${WEB}, headers: ["\${secret:key}"] }`, "web/headers/0"],
    ['files: { use: fs, mounts: { /in: { path: "./${secret:key}", access: ro } } }', "files/mounts/~1in/path"],
    ['files: { use: fs, mounts: { "/${secret:key}": { path: ., access: ro } } }', "files/mounts/~1${secret:key}"],
  ])("of a secret is refused where nothing replaces it: %s", (grant, place) => {
    expect(told(grant)).toContainEqual(
      `5 MANIFEST_VALUE_INVALID /capabilities/${place} "\${secret:key}" is not replaced here`,
    );
    expect(told(grant.replace("secret:", "env:"))).toContainEqual(
      expect.stringContaining(
        `/capabilities/${place.replace("secret:", "env:")} a placeholder that is not one of a secret: "\${env:key}"`,
      ),
    );
  });

  it("takes no longer to read than its text", () => {
    expect(auth("a.example", "${secret:".repeat(60_000))).toContain('not one of a secret: "${secret:');
  });

  it("is refused in the rules of a profile", () => {
    const rule = (name: string): string =>
      `profiles: { p: { capabilities: { web: { deny: ["GET https://a.example/\${${name}}"] } } } }\n`;
    expect(told(`web: { ${WEB} }`, rule("secret:key"))).toContainEqual(
      '6 MANIFEST_VALUE_INVALID /profiles/p/capabilities/web/deny/0 "${secret:key}" is not replaced here',
    );
    expect(told(`web: { ${WEB} }`, rule("x"))).toContainEqual(expect.stringContaining('not one of a secret: "${x}"'));
  });

  it.each([
    ["127.1", "127.0.0.1"],
    ["b.example:0443", "b.example:443"],
    ["[::0001]:80", "[::1]:80"],
  ])("is of a secret that names its hosts as requests do: not %s", (host, spelled) => {
    const text = `enclosure: 1\nname: a\nversion: "1"\nsecrets: { key: { from: "env:KEY", hosts: [a.example, "${host}"] } }\ncapabilities: { web: { ${WEB} } }\n`;
    const [problem] = parseManifest(text, { file: "m.yaml", kinds: KINDS }).problems;
    expect(problem).toMatchObject({
      code: "MANIFEST_VALUE_INVALID",
      pointer: "/secrets/key/hosts/1",
      message: expect.stringContaining(`"${host}" is another spelling of ${spelled}`),
      mend: `Write "${spelled}".`,
    });
  });

  it("says nothing of hosts that are malformed, and leaves a reserved kind to be refused as a whole", () => {
    const malformed = `web: { ${WEB}, auth: [{ host: c.example, header: x, value: "\${secret:other}" }] }`;
    expect(told(malformed)).toEqual([]);
    expect(told('llm: { use: llm, provider: a, key: "${secret:key}", allow: [b] }')).toEqual([
      expect.stringContaining("MANIFEST_NOT_BUILT /capabilities/llm/use"),
    ]);
  });
});
