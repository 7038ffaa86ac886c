// What is said of a manifest: sentences for people, declarations for the agent's compiler.
import { writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { FunctionSpec, JsonSchema } from "../../src/kinds/contract.ts";
import { explainManifest } from "../../src/manifest/explain.ts";
import { compileGrants } from "../../src/manifest/grants.ts";
import { parseManifest } from "../../src/manifest/parse.ts";
import { resolveManifest } from "../../src/manifest/resolve.ts";
import { typeOf, typesText } from "../../src/manifest/types.ts";
import { temporaryFolder } from "../support/folder.ts";
import { fakeKinds } from "./kinds.ts";

const TEXT = `enclosure: 1
name: desk
version: "1.0"
owner: desk@example.com
purpose: Pays back.
env: { LOG: info }
secrets: { bank: { from: "env:BANK", hosts: [bank.example] } }
capabilities:
  desk:
    use: module
    from: ./desk.ts
    audit: digest
    allow: [look, refund]
    deny: [{ call: refund }]
`;

function parts(text: string, table?: readonly FunctionSpec[]): Parameters<typeof typesText> {
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
  if (manifest === undefined) throw new Error(JSON.stringify(problems));
  const resolution = resolveManifest(manifest);
  return [resolution, compileGrants(resolution, new Map(table === undefined ? [] : [["desk", table]]), fakeKinds)];
}

describe("explainManifest()", () => {
  it("tells the riskiest first, each with its line, and what bounds it all", () => {
    const { text, sentences } = explainManifest(...parts(TEXT));
    expect(sentences.map(({ capability, effect, verdict }) => `${capability} ${effect} ${verdict}`)).toEqual([
      "desk irreversible allow",
      "desk irreversible deny",
      "desk read allow",
    ]);
    expect(text).toBe(`desk 1.0
Pays back.
desk@example.com answers for it.

What cannot be undone:
  desk (module) may call refund  [line 13]
  desk (module) may never call refund  [line 14]

What only reads:
  desk (module) may call look  [line 13]

Whatever is not listed is denied.
Functions of kind module are the operator's own code, outside the enclosure; what they say is their claim.
The secret bank (env:BANK) is used towards bank.example only; the agent never has its value.
Its environment has LOG.
Approvals are asked for on the terminal; without one they are denied.
It may run 5m, use 20s of processor time and 128MiB of memory, and make 500 calls, 16 at once.
Of the arguments and results of desk, the record keeps only the digests.
`);
  });

  it("says of an empty manifest that it grants nothing", () => {
    const { text } = explainManifest(...parts('enclosure: 1\nname: a\nversion: "1"\napprovals: { via: [] }\n'));
    expect(text).toContain("It is granted nothing");
    expect(text).toContain("Nobody can be asked");
  });
});

/** Maps whose key holds what a type is written with. */
const shape = (key: string): JsonObject => ({
  type: "object",
  additionalProperties: false,
  required: [key],
  properties: { [key]: { type: "number" } },
});
const [A, B] = [shape("a"), shape('}"| {')];
const [A_TYPE, B_TYPE] = ["{ readonly a: number }", '{ readonly "}\\"| {": number }'];

describe("typesText()", () => {
  it("declares each function, by name and by position", () => {
    const text = typesText(...parts(TEXT));
    expect(text).toContain(
      "  export const desk: {\n    /** Pays money back. Effect: irreversible. */\n    refund(args: { readonly amount: number; readonly note?: string | undefined }, options?: CallOptions): Promise<",
    );
    expect(text).toContain("    look(id?: string, options?: CallOptions): Promise<unknown>;\n    look(args?: ");
    expect(text).toContain("    readonly LOG: string;");
    expect(text).toContain("export const note: (text: string) => void;");
  });

  it("admits any function of a module that is not pinned", () => {
    const text = typesText(...parts(TEXT.replace("[look, refund]", "[]").replace(/ {4}deny.*\n/, ""), []));
    expect(text).toContain("export const desk: { readonly [name: string]: (args?: unknown,");
  });

  it.each<[JsonSchema, string]>([
    [{ type: "object", properties: { a: { type: "null" } } }, "{ readonly a?: null | undefined }"],
    [{ type: "object" }, "{ readonly [key: string]: unknown }"],
    [true, "unknown"],
    [false, "never"],
    [{ type: "integer" }, "number"],
    [{ type: ["string", "null"] }, "string | null"],
    [{ enum: ["a", 1] }, '"a" | 1'],
    [{ const: 'it"s' }, '"it\\"s"'],
    [{ type: "array", items: { type: "string" } }, "readonly string[]"],
    [{ type: "array", items: { type: ["string", "number"] } }, "readonly (string | number)[]"],
    [{ type: "array", prefixItems: [{ type: "string" }], items: false }, "readonly [string?]"],
    [{ anyOf: [{ type: "string" }, true] }, "unknown"],
    [{ type: "object", additionalProperties: false, properties: {} }, "Readonly<Record<string, never>>"],
    [{ type: "object", additionalProperties: { type: "number" } }, "{ readonly [key: string]: number }"],
    [
      { type: "object", additionalProperties: false, required: ["a-b"], properties: { "a-b": true } },
      '{ readonly "a-b": unknown }',
    ],
    [{ type: "object", properties: { $type: { const: "bytes" } } }, "Uint8Array"],
    [{ type: "object", properties: { $type: { const: "toString" } } }, '{ readonly $type?: "toString" | undefined }'],
    [{ type: "array", items: { anyOf: [A, B] } }, `readonly (${A_TYPE} | ${B_TYPE})[]`],
    [{ type: "array", items: { allOf: [A, B] } }, `readonly (${A_TYPE} & ${B_TYPE})[]`],
    [{ type: "array", items: A }, `readonly ${A_TYPE}[]`],
    [{ $defs: { x: { type: "boolean" } }, $ref: "#/$defs/x" }, "boolean"],
    [{ type: [] }, "unknown"],
  ])("spells %j as %s", (schema, type) => expect(typeOf(schema)).toBe(type));

  it("makes declarations under which a name that is not granted does not compile", () => {
    const table: readonly FunctionSpec[] = [
      {
        name: "look",
        effect: "read",
        description: "Ends */ the comment\n declare const evil: 1;",
        positional: ["id"],
        input: { type: "object", required: ["id"], properties: { id: { type: "string" } } },
        output: {
          type: "array",
          items: { anyOf: [{ type: "string" }, { type: "object", properties: { $type: { const: "date" } } }] },
        },
      },
      {
        name: "list",
        effect: "read",
        input: { type: "object", properties: { tuple: { type: "array", prefixItems: [{ anyOf: [A, B] }] } } },
        output: { type: "array", items: { anyOf: [A, { allOf: [A, B] }] } },
      },
    ];
    const folder = temporaryFolder();
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write("caps.d.ts", typesText(...parts(TEXT.replace(", refund]", "]").replace(/    deny.*\n/, ""), table)));
    const body = `import { desk, note } from "enclosure:caps";
export default async function main(): Promise<string> {
  note(process.env.LOG);
  const one: readonly (string | Date)[] = await desk.look("a", { signal: new AbortController().signal });
  const two = await desk.look({ id: "b" });
  const three: readonly { readonly a: number }[] = await desk.list({ tuple: [{ a: 1 }, 2] });
  return String(one.length + two.length + three.length);
}
`;
    write("good.ts", body);
    write("bad.ts", body.replace('desk.look("a"', 'desk.refund("a"'));
    expect(compile(folder, "good.ts")).toBe("");
    expect(compile(folder, "bad.ts")).toContain("Property 'refund' does not exist");
  });
});

function compile(folder: string, file: string): string {
  const tsc = join(import.meta.dirname, "../../node_modules/.bin/tsc");
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2024",
    "--lib",
    "es2024,dom",
    "--types",
    "",
    "--module",
    "esnext",
  ];
  try {
    return execFileSync(tsc, [...options, join(folder, "caps.d.ts"), join(folder, file)], {
      encoding: "utf8",
      cwd: folder,
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
