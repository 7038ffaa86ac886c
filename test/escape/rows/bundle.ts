// Attacks through the compiler, which runs before anything is recorded.

import { type Attack, burns, canary, loot, swells } from "../attack.ts";

/** Lines that each could begin a statement, none of which ends, within a text. */
const SLOW = (): string =>
  `import { desk } from "enclosure:caps";\nexport const text = \`\n${"import x\n".repeat(150_000)}\`;\nexport default desk;\n`;

export const BUNDLE: readonly Attack[] = [
  {
    id: "A75",
    file: "import-absolute",
    title: "Import an absolute path",
    class: "bundle",
    defence: { kind: "specific", what: "An absolute path cannot be imported." },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A76",
    file: "import-dot-dot",
    title: "Climb out of the project",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Only real paths within the project are read; what leads out is refused before anything is looked at.",
    },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A77",
    file: "import-link",
    title: "A link out of the project",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Only real paths within the project are read; what leads out is refused before anything is looked at.",
    },
    links: { "linked.json": "../canary.json" },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A78",
    file: "import-linked-package",
    title: "A package that is a link",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Only real paths within the project are read; what leads out is refused before anything is looked at.",
    },
    links: { "node_modules/evil": "../.." },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A79",
    file: "import-package-main",
    title: "A package.json that leads out",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Only real paths within the project are read; what leads out is refused before anything is looked at.",
    },
    files: { "node_modules/evil/package.json": '{ "name": "evil", "main": "../../../canary.json" }' },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A80",
    file: "import-tsconfig",
    title: "A tsconfig.json that gives names",
    class: "bundle",
    defence: { kind: "structural", what: "No tsconfig.json is read." },
    files: { "tsconfig.json": '{ "compilerOptions": { "paths": { "secret": ["../canary.json"] } } }' },
    expected: { refused: "IMPORT_MISSING" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A81",
    file: "import-text",
    title: "Import a text",
    class: "bundle",
    defence: { kind: "specific", what: "Only known extensions are read." },
    expected: { refused: "IMPORT_UNSUPPORTED" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("beside") },
  },
  {
    id: "A82",
    file: "import-attribute",
    title: "Ask for a loader",
    class: "bundle",
    defence: { kind: "specific", what: 'Of import attributes only `type: "json"` for a .json file is supported.' },
    expected: { refused: "IMPORT_UNSUPPORTED" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("beside") },
  },
  {
    id: "A83",
    file: "import-data-url",
    title: "A program in a URL",
    class: "bundle",
    defence: { kind: "specific", what: "A URL cannot be imported." },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: {
      how: "Compiled by esbuild as it is",
      standIn: "plain-bundle",
      shows: loot("the agent runs a program that stands in no input"),
    },
  },
  {
    id: "A84",
    file: "import-glob",
    title: "A path put together at run time",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "A load that was not resolved by us is refused; such a path is refused by itself.",
    },
    expected: { refused: "IMPORT_DYNAMIC" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A85",
    file: "import-builtin",
    title: "Import a Node built-in",
    class: "bundle",
    defence: { kind: "structural", what: "There is none in the isolate; the bundler refuses it and says what to use." },
    expected: { refused: "IMPORT_BUILTIN" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A86",
    file: "source-map-comment",
    title: "A source map that names files",
    class: "bundle",
    defence: { kind: "specific", what: "Such comments are made to name nothing; a map of ours may name inputs alone." },
    files: {
      "mapped.js": `export const value = 1;\n//# sourceMappingURL=data:application/json,${encodeURIComponent('{"version":3,"sources":["../canary.txt"],"names":[],"mappings":"AAAA"}')}`,
    },
    expected: "nothing",
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: canary("parent") },
  },
  {
    id: "A87",
    file: "huge-input",
    title: "A huge input",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "A file, all files and the program have bounds, looked at before they are read.",
    },
    files: { "huge.ts": () => `export const text = "${"x".repeat(9 * 1024 * 1024)}";` },
    expected: { refused: "BUNDLE_TOO_LARGE" },
    without: {
      how: "Compiled by esbuild as it is",
      standIn: "plain-bundle",
      shows: loot("nine megabytes are compiled"),
    },
  },
  {
    id: "A88",
    file: "endless-input",
    title: "An input without an end",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Only regular files are read, up to the size that they had when they were opened.",
    },
    links: { "endless.ts": "/dev/zero" },
    expected: { refused: "IMPORT_OUTSIDE" },
    without: { how: "Compiled by esbuild as it is", standIn: "plain-bundle", shows: swells(600) },
  },
  {
    id: "A89",
    file: "swapped-link",
    title: "Swap a file for a link",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "The opened file is compared with what the checked path names, and links are not followed.",
    },
    files: { "racing.json": '{ "harmless": true }' },
    preload: "swap",
    expected: { refused: "BUNDLE_REFUSED" },
    without: {
      how: "With the file opened by its path and not compared",
      replace: [
        {
          file: "src/bundle/jail.ts",
          find: "openSync(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)",
          replace: "openSync(real, O_RDONLY | O_NONBLOCK)",
        },
        {
          file: "src/bundle/jail.ts",
          find: "if (!same || !isInside(this.root, realpathSync(real)))",
          replace: "if (opened.size < 0)",
        },
      ],
      shows: canary("parent"),
    },
  },
  {
    id: "A90",
    file: "slow-scan",
    title: "A source that takes long to look through",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Names are looked for in one pass, and no part of a source is looked at twice.",
    },
    expected: "nothing",
    files: { "slow.ts": SLOW },
    without: {
      how: "With names looked for by an expression that begins anew at every word",
      replace: [
        {
          file: "src/bundle/granted.ts",
          find: 'return names.filter((name) => name !== "");',
          replace: `const scan = /^(?:import|export)\\s+[^;"]*?\\{([^}]*)\\}\\s+from\\s+"enclosure:caps";/gm;
  for (const [, braced = ""] of code.matchAll(scan)) names.push(braced.trim());
  return names.filter((name) => name !== "");`,
        },
      ],
      shows: burns(8000),
    },
  },
  {
    id: "A91",
    file: "nested-source",
    title: "Nest a source deep",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "When the compiler's process dies, all who were being compiled are compiled again, each by itself; who makes it die then is refused.",
    },
    files: { "nested.json": () => "[".repeat(3_000_000) },
    expected: { refused: "SOURCE_INVALID" },
    without: {
      how: "With none compiled again",
      replace: [
        {
          file: "src/bundle/compile.ts",
          find: "const again = alone.then(() => compileAlone(plan, esbuild));",
          replace: 'const again = Promise.reject(new EnclosureError("BUNDLE_FAILED", "esbuild could not be run"));',
        },
      ],
      shows: {
        what: "the agent's source passes for a fault of the machine",
        seen: ({ result }) => result?.error?.code === "BUNDLE_FAILED",
      },
    },
  },
  {
    id: "A92",
    file: "poisoned-cache",
    title: "Poison the cache of programs",
    class: "bundle",
    defence: {
      kind: "specific",
      what: "Each entry is sealed by an HMAC under a key of the user's, outside the folder.",
    },
    poison: { find: "harmless", replace: "poisoned" },
    expected: "nothing",
    without: {
      how: "With the seal not looked at",
      replace: [
        {
          file: "src/bundle/cache.ts",
          find: "if (found.length !== expected.length || !timingSafeEqual(found, expected)) return undefined;",
          replace: "",
        },
      ],
      shows: loot("a program runs that nobody has written"),
    },
  },
  {
    id: "A93",
    file: "long-pattern",
    title: "A pattern of stars",
    class: "bundle",
    defence: { kind: "specific", what: "The length of a path is computed before it is put together." },
    files: {
      "node_modules/amp/package.json": () =>
        JSON.stringify({ name: "amp", exports: { "./*": `./${"*".repeat(900_000)}` } }),
    },
    expected: { refused: "IMPORT_MISSING" },
    without: {
      how: "With the path put together whatever its length",
      replace: [
        {
          file: "src/bundle/packages.ts",
          find: "return length > SPECIFIER_CHARS_MAX ? null : parts.join(filling);",
          replace: "return length < 0 ? null : parts.join(filling);",
        },
      ],
      shows: swells(450),
    },
  },
];
