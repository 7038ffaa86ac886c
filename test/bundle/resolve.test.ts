import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pureHasher } from "../../src/base/bytes.ts";
import { Jail } from "../../src/bundle/jail.ts";
import { type Resolution, Resolver, type ResolverRules } from "../../src/bundle/resolve.ts";
import { project } from "./project.ts";

const AGENT: ResolverRules = {
  conditions: ["worker", "browser"],
  mainFields: ["browser", "module", "main"],
  builtinsFirst: false,
};
const LIMITS = { files: 100, fileBytes: 1e6, inputBytes: 1e6 };

/** What imports from agent.ts (or another file) of a project lead to: a project path, or what else it is. */
function resolving(files: Readonly<Record<string, string>>, rules = AGENT) {
  const folder = project({ "agent.ts": "", ...files });
  const jail = new Jail(folder, pureHasher, LIMITS);
  const resolver = new Resolver(jail, rules);
  const shown = (resolution: Resolution): string => {
    if (resolution.kind === "file")
      return resolution.path.slice(folder.length + 1) + (resolution.sideEffects ? "" : " (pure)");
    return resolution.kind === "refused" ? resolution.code : resolution.kind;
  };
  const to = (specifier: string, mode: "import" | "require" = "import", from = "agent.ts"): string =>
    shown(resolver.resolve(specifier, join(folder, from), mode));
  return { to, jail };
}

const pkg = (name: string, manifest: object, ...files: readonly string[]): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, ...manifest }),
  ...Object.fromEntries(files.map((file) => [`node_modules/${name}/${file}`, "//"])),
});

describe("Resolver", () => {
  it("takes what is written, then what TypeScript writes, then what has an extension, then a folder's index", () => {
    const { to } = resolving({
      "a.js": "",
      "a.ts": "",
      "b.ts": "",
      "c.mts": "",
      "d/index.ts": "",
      "e.tsx": "",
      "f.json": "1",
      "f/x": "",
    });
    expect(
      ["./a.js", "./a", "./b.js", "./c.mjs", "./d", "./d/", "./e.jsx", "./f", "./nope"].map((one) => to(one)),
    ).toEqual(["a.js", "a.ts", "b.ts", "c.mts", "d/index.ts", "d/index.ts", "e.tsx", "f.json", "IMPORT_MISSING"]);
  });

  it("makes no path that is longer than any path, of an import or of a pattern", () => {
    const exports = { "./*": `./${"*".repeat(1000)}`, "./x/*": "./x/*.js" };
    const { to } = resolving(pkg("p", { exports }, "x/a.js"));
    expect([to("p/x/a"), to(`p/${"y".repeat(100)}`), to(`./${"z".repeat(5000)}`)]).toEqual([
      "node_modules/p/x/a.js",
      "IMPORT_MISSING",
      "IMPORT_MISSING",
    ]);
  });

  it("takes a package's JavaScript before its sources", () => {
    const { to } = resolving({ ...pkg("p", {}, "lib/x.ts", "lib/x.js") });
    expect(to("p/lib/x")).toBe("node_modules/p/lib/x.js");
  });

  it("follows exports: conditions in their order, nested, null, arrays and patterns", () => {
    const exports = {
      ".": { node: "./node.js", worker: { import: "./w.mjs", require: "./w.cjs" }, default: "./d.js" },
      "./deep/*": "./lib/*.js",
      "./deep/private/*": null,
      "./list": ["not relative", "./lib/a.js"],
      "./none": { node: "./node.js" },
      "./dir/": "./lib/",
    };
    const { to } = resolving(
      pkg("p", { exports }, "node.js", "w.mjs", "w.cjs", "d.js", "lib/a.js", "lib/private/b.js"),
    );
    expect(to("p")).toBe("node_modules/p/w.mjs");
    expect(to("p", "require")).toBe("node_modules/p/w.cjs");
    expect(to("p/deep/a")).toBe("node_modules/p/lib/a.js");
    expect(to("p/deep/private/b")).toBe("IMPORT_MISSING");
    expect(to("p/list")).toBe("IMPORT_OUTSIDE");
    expect(to("p/none")).toBe("IMPORT_MISSING");
    expect(to("p/d.js")).toBe("IMPORT_MISSING");
  });

  it("takes the more specific of two patterns", () => {
    const exports = { "./*": "./any/*.js", "./a/*": "./a/*.js", "./a/*.js": "./js/*.js" };
    const { to } = resolving(pkg("p", { exports }, "any/x.js", "a/x.js", "js/x.js"));
    expect([to("p/x"), to("p/a/x"), to("p/a/x.js")]).toEqual([
      "node_modules/p/any/x.js",
      "node_modules/p/a/x.js",
      "node_modules/p/js/x.js",
    ]);
  });

  it("follows imports of a package's own, and its own name", () => {
    const manifest = {
      exports: "./main.js",
      imports: { "#own": "./lib/own.js", "#other": { worker: "q" }, "#x/*": "./lib/*.js" },
    };
    const { to } = resolving({ ...pkg("p", manifest, "main.js", "lib/own.js"), ...pkg("q", {}, "index.js") });
    const inside = "node_modules/p/main.js";
    expect(to("#own", "import", inside)).toBe("node_modules/p/lib/own.js");
    expect(to("#other", "import", inside)).toBe("node_modules/q/index.js");
    expect(to("#x/own", "import", inside)).toBe("node_modules/p/lib/own.js");
    expect(to("p", "import", "node_modules/p/lib/own.js")).toBe(inside);
    expect(to("#own")).toBe("IMPORT_MISSING");
  });

  it("follows the browser field: as main, of files, of packages, and to nothing", () => {
    const browser = { "./node.js": "./web.js", "./gone.js": false, fs: false, q: "./q.js", "./noext": "./web.js" };
    const { to } = resolving({
      ...pkg("p", { main: "node.js", browser }, "node.js", "web.js", "gone.js", "q.js", "noext.js"),
      ...pkg("m", { main: "node.js", browser: "web.js" }, "node.js", "web.js"),
      ...pkg("q", {}, "index.js"),
    });
    const inside = "node_modules/p/web.js";
    expect(to("p")).toBe("node_modules/p/web.js");
    expect(to("m")).toBe("node_modules/m/web.js");
    expect([to("./gone.js", "import", inside), to("fs", "require", inside)]).toEqual(["empty", "empty"]);
    expect(to("q", "import", inside)).toBe("node_modules/p/q.js");
    expect(to("./noext", "import", inside)).toBe("node_modules/p/web.js");
    expect(to("q")).toBe("node_modules/q/index.js");
  });

  it("does not apply the browser field to host modules, where built-ins come first", () => {
    const rules: ResolverRules = { conditions: ["node"], mainFields: ["main"], builtinsFirst: true };
    const { to } = resolving(
      { ...pkg("p", { main: "node.js", browser: "web.js" }, "node.js", "web.js"), ...pkg("events", {}, "index.js") },
      rules,
    );
    expect([to("p"), to("events"), to("fs"), to("node:sqlite")]).toEqual([
      "node_modules/p/node.js",
      "builtin",
      "builtin",
      "builtin",
    ]);
  });

  it("looks for packages upward, up to the root", () => {
    const { to } = resolving({
      "src/deep/x.ts": "",
      "src/node_modules/near/index.js": "",
      "node_modules/near/index.js": "",
      "node_modules/far/index.js": "",
      "node_modules/@scope/pkg/index.js": "",
    });
    expect(["near", "far", "@scope/pkg"].map((name) => to(name, "import", "src/deep/x.ts"))).toEqual([
      "src/node_modules/near/index.js",
      "node_modules/far/index.js",
      "node_modules/@scope/pkg/index.js",
    ]);
    expect(["@scope", "@", ".hidden", "a%2fb", "x\0"].map((name) => to(name))).toEqual(
      Array.from({ length: 5 }, () => "IMPORT_MISSING"),
    );
  });

  it("counts a package.json as an input when something of it decided, and not otherwise", () => {
    const { to, jail } = resolving({
      ...pkg("p", { exports: "./a.js" }, "a.js"),
      ...pkg("q", {}, "index.js"),
      ...pkg("r", { sideEffects: false }, "index.js"),
    });
    expect([to("p"), to("q"), to("r")]).toEqual([
      "node_modules/p/a.js",
      "node_modules/q/index.js",
      "node_modules/r/index.js (pure)",
    ]);
    expect(jail.inputs.map(({ path }) => path)).toEqual(["node_modules/p/package.json", "node_modules/r/package.json"]);
  });

  it("survives package.json files of any shape", () => {
    const broken = [
      "",
      "[]",
      "null",
      '{"exports":{"__proto__":"./x.js"}}',
      '{"main":{}}',
      '{"browser":[1]}',
      '{"exports":{".":{".":{".":1}}}}',
    ];
    const names = broken.map((_text, i) => `p${i}`);
    const { to } = resolving(Object.fromEntries(broken.map((text, i) => [`node_modules/p${i}/package.json`, text])));
    expect(names.map((name) => to(name))).toEqual(names.map(() => "IMPORT_MISSING"));
  });

  it("never leads outside, whatever is imported and whatever a package.json says", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "a",
      "*",
      "#x",
      "node_modules",
      "p",
      "\\",
      "%2e%2e",
      "file:",
      "etc/hostname",
      "",
    );
    const path = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(path, path, path, (specifier, target, replaced) => {
        const manifest = {
          exports: { ".": target, "./*": target },
          main: target,
          imports: { "#x": target },
          browser: { [specifier]: replaced },
        };
        const { to } = resolving({ ...pkg("p", manifest, "a.js"), "a.ts": "" });
        for (const one of [specifier, `p/${specifier}`, "p"]) {
          for (const from of ["agent.ts", "node_modules/p/a.js"]) {
            expect(to(one, "import", from)).toMatch(
              /^(IMPORT_\w+|builtin|empty|(a|agent)\.ts|package\.json|node_modules\/p\/(a\.js|package\.json))$/,
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
