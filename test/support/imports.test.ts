// The scanner behind the architecture's rules: that it sees every form of import, and none where there is none.

import { describe, expect, it } from "vitest";
import { COMPUTED, importsOf } from "./imports.ts";
import { tokensOf } from "./tokens.ts";

const seen = (source: string): string[] =>
  importsOf(source).map(({ specifier, form, typeOnly }) => `${form}${typeOnly ? " type" : ""} ${specifier}`);

describe("importsOf() sees", () => {
  it.each([
    ["a named import", `import { a } from "./x.ts";`, ["import ./x.ts"]],
    ["a default and a namespace import", `import a, * as b from './x.ts'`, ["import ./x.ts"]],
    ["an import for its effects", `import "./x.ts";`, ["import ./x.ts"]],
    ["two on one line", `import a from "./a.ts"; import b from "./b.ts";`, ["import ./a.ts", "import ./b.ts"]],
    ["two on one line without a semicolon", `import "./a.ts" import "./b.ts"`, ["import ./a.ts", "import ./b.ts"]],
    ["one over many lines", `import {\n  a,\n  b,\n} from "./x.ts";`, ["import ./x.ts"]],
    ["one that a comment interrupts", `import /* here */ { a } /* and */ from /* there */ "x";`, ["import x"]],
    ["a type-only import", `import type { A } from "./x.ts";`, ["import type ./x.ts"]],
    ["types among values as a value import", `import { type A, b } from "./x.ts";`, ["import ./x.ts"]],
    ["inline types alone as a value import", `import { type A } from "./x.ts";`, ["import ./x.ts"]],
    ["a default called type", `import type from "./x.ts";`, ["import ./x.ts"]],
    ["import attributes", `import data from "./x.json" with { type: "json" };`, ["import ./x.json"]],
    ["export from", `export { a } from "./x.ts";`, ["export ./x.ts"]],
    [
      "export star, bare and named",
      `export * from "./a.ts"; export * as b from "./b.ts";`,
      ["export ./a.ts", "export ./b.ts"],
    ],
    [
      "a type-only export",
      `export type { A } from "./x.ts"; export type * from "y";`,
      ["export type ./x.ts", "export type y"],
    ],
    ["a dynamic import", `const a = await import("./x.ts");`, ["dynamic ./x.ts"]],
    ["a dynamic import of a plain template", "await import(`./x.ts`)", ["dynamic ./x.ts"]],
    ["a dynamic import with options", `import("./x.json", { with: { type: "json" } })`, ["dynamic ./x.json"]],
    ["a computed dynamic import", `await import("./" + name);`, [`dynamic ${COMPUTED}`]],
    ["a dynamic import of a template with parts", "import(`./${name}.ts`)", [`dynamic ${COMPUTED}`]],
    ["the type of a module", `let a: typeof import("./x.ts");`, ["dynamic type ./x.ts"]],
    ["require", `const a = require("x");`, ["require x"]],
    ["require.resolve", `require.resolve("x/package.json")`, ["require x/package.json"]],
    ["a computed require", `require(name)`, [`require ${COMPUTED}`]],
    ["import equals require", `import x = require("x");`, ["import-equals x"]],
    ["a file named for a worker", `new Worker(new URL("./w.ts", import.meta.url))`, ["url ./w.ts"]],
    ["one inside a template's substitution", '`a ${await import("x")} b`', ["dynamic x"]],
    ["one after a regular expression with a quote", `const r = /["'\`]/; import "x";`, ["import x"]],
    ["one after a division", `const r = a / b; import "x"; c / d;`, ["import x"]],
    ["a spread dynamic import", `f(...import("x"))`, ["dynamic x"]],
  ])("%s", (_, source, expected) => {
    expect(seen(source)).toEqual(expected);
  });

  it("the line of each", () => {
    expect(importsOf(`/* 1\n2 */\nimport "a";\n\`\n\`;\nimport "b";`).map((site) => site.line)).toEqual([3, 6]);
  });
});

describe("importsOf() sees nothing in", () => {
  it.each([
    ["a line comment", `// import "x";`],
    ["a block comment", `/* import "x"; */`],
    ["a string", `const a = 'import "x"; require("y")';`],
    ["a template", 'const a = `import "x"; ${b} export * from "y"`;'],
    ["a regular expression", `const a = /import "x"/;`],
    ["import.meta", `const a = import.meta.url;`],
    ["a member called import or require", `a.import("x"); a.require("y"); ({ import: 1, require: 2 });`],
    ["an export of a declaration", `export const a = "x"; export { a }; export type B = string; export default a;`],
    ["a URL of another base", `new URL("./x", base)`],
  ])("%s", (_, source) => {
    expect(seen(source)).toEqual([]);
  });
});

describe("tokensOf()", () => {
  it("tells a regular expression from a division by what stands before it", () => {
    const kinds = (source: string): string =>
      tokensOf(source)
        .map((token) => token.kind[0])
        .join("");
    expect(kinds("a = /b/g")).toBe("wmr");
    expect(kinds("return /b/")).toBe("wr");
    expect(kinds("a / b / c")).toBe("wmwmw");
    expect(kinds("(a) / b")).toBe("mwmmw");
    expect(kinds("x(/[/]'/)")).toBe("wmrm");
  });

  it("follows braces within a template's substitution", () => {
    expect(tokensOf("`${ { a: `${b}` } }` + c").at(-1)?.text).toBe("c");
  });

  it.each([["'a"], ["`a"], ["`${a"], ["= /a"]])("refuses %j, which has no end", (source) => {
    expect(() => tokensOf(source)).toThrow(SyntaxError);
  });
});
