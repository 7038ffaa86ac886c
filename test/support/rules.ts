// The architecture's rules, as data: each with its why and its mend, so that whoever breaks one learns both at once.
// A rule is shown to catch a planted violation by test/architecture.test.ts.

import { dirname } from "node:path";
import type { Import, SourceFile } from "./tree.ts";
import { findSequence } from "./tokens.ts";

export interface Rule {
  readonly name: string;
  readonly why: string;
  readonly mend: string;
  /** What breaks the rule in this file: one line each, empty where nothing does. */
  check(file: SourceFile): readonly string[];
}

/** Where imports may go: a folder of src may import its own files and folders of a lower layer. */
const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  audit: 1,
  kinds: 1,
  manifest: 2, // its kinds are handed to it; only the shape of a kind is imported
  broker: 3,
  outside: 4, // implements powers; what composes them stands above
  capabilities: 5,
  store: 5,
  enclosure: 5,
  bundle: 5,
  review: 6,
  session: 7,
  cli: 8,
  "index.ts": 8,
};

const GUEST = "src/enclosure/guest/";
const inGuest = (path: string): boolean => path.startsWith(GUEST);
const folderOf = (path: string): string => /^src\/([^/]+)/.exec(path)?.[1] ?? "";
const isUnder = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith("*") ? path.startsWith(place.slice(0, -1)) : path === place));
const at = (site: Import): string => `line ${site.line}: ${site.specifier}`;

/** A rule on the imports of the files under `where`, which may be all that `allows` says. */
function importRule(
  about: Omit<Rule, "check">,
  where: (path: string) => boolean,
  allows: (site: Import, path: string) => boolean,
): Rule {
  const check = (file: SourceFile): readonly string[] =>
    where(file.path) ? file.imports.filter((site) => !allows(site, file.path)).map(at) : [];
  return { ...about, check };
}

/** Packages and built-ins that carry a danger, and the only places that may import them. */
const CONFINED: readonly { readonly names: readonly string[]; readonly places: readonly string[] }[] = [
  { names: ["isolated-vm"], places: ["src/enclosure/child.ts"] },
  { names: ["better-sqlite3", "node:sqlite"], places: ["src/store/*"] },
  { names: ["esbuild"], places: ["src/bundle/*"] },
  { names: ["commander"], places: ["src/cli/*"] },
  { names: ["yaml"], places: ["src/manifest/*"] },
  { names: ["node:child_process"], places: ["src/enclosure/attempt.ts", "src/outside/spawn.ts"] },
  {
    names: ["undici", "node:net", "node:tls", "node:http", "node:https", "node:http2", "node:dgram", "node:dns"],
    places: ["src/capabilities/http/*", "src/outside/*"],
  },
  { names: ["node:vm", "node:inspector", "node:cluster", "node:repl", "node:wasi"], places: [] },
];

/** Names in code that reach what is not pure, and the only places that may say them. */
const CONFINED_NAMES: readonly { readonly names: readonly string[]; readonly places: readonly string[] }[] = [
  { names: ["process.env"], places: ["src/cli/*", "src/outside/secrets.ts"] },
  { names: ["Date.now", "new Date()", "Math.random", "Temporal.Now"], places: ["src/outside/*"] },
  {
    names: ["performance.now", "process.hrtime"],
    places: ["src/outside/*", "src/enclosure/watchdog.ts", "src/enclosure/child.ts"],
  },
  { names: ["randomBytes", "randomUUID", "getRandomValues", "randomInt", "randomFillSync"], places: ["src/outside/*"] },
  { names: ["eval(", "Function("], places: [] },
];

/** Brands and the files that make them: everywhere else a cast would forge one. */
const BRANDS: Readonly<Record<string, readonly string[]>> = {
  HexDigest: ["src/base/bytes.ts"],
  JsonText: ["src/base/json.ts"],
  SessionId: ["src/base/ids.ts"],
  Origin: ["src/base/ids.ts"],
  CapabilityName: ["src/base/ids.ts"],
  AdmittedCall: ["src/broker/*"],
};

const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  base: ["@noble/hashes"],
  audit: ["@noble/hashes"],
  kinds: ["@noble/hashes"],
  manifest: ["@noble/hashes", "yaml", "ajv"],
};

const LINES_MAX = 400;
/** One table, which is looked up and not read. */
const LONG_FILES: readonly string[] = ["src/base/errors.ts"];
const VAGUE_NAMES = /(^|[/.-])(utils?|helpers?|managers?|common|misc)([/.-]|$)/i;

export const RULES: readonly Rule[] = [
  importRule(
    {
      name: "imports run downward",
      why: "A layer that knows those above it cannot be read, tested or trusted without them.",
      mend: "Move what both need into a lower layer, or have the upper layer hand it in through an interface.",
    },
    (path) => path.startsWith("src/"),
    ({ file }, path) => {
      if (file === undefined || !file.startsWith("src/")) return true;
      const [from, to] = [folderOf(path), folderOf(file)];
      return from === to || (LAYERS[to] ?? Infinity) < (LAYERS[from] ?? -Infinity);
    },
  ),
  importRule(
    {
      name: "the pure layers stay pure",
      why: "A reviewer's web page verifies with this very code, and what is decided must be decided the same in a replay.",
      mend: "Take what is not pure as a power (src/base/powers.ts), or move the file to a layer that may act.",
    },
    (path) => folderOf(path) in PURE_PACKAGES,
    ({ outside }, path) => outside === undefined || (PURE_PACKAGES[folderOf(path)] ?? []).includes(outside),
  ),
  importRule(
    {
      name: "the broker acts through what it is handed",
      why: "The reference monitor must be small enough to be read whole, and know no provider, store or isolate.",
      mend: "Add the power to the broker's ports, and hand it in from the session.",
    },
    (path) => path.startsWith("src/broker/"),
    ({ outside }) => outside === undefined,
  ),
  importRule(
    {
      name: "a provider is an island",
      why: "A provider that can see the log, a store or another provider could act without a decision and a record.",
      mend: "Import base, kinds and broker/contract only; what providers share stands beside their folders, under the same rule.",
    },
    (path) => path.startsWith("src/capabilities/"),
    ({ file }, path) => {
      const own = dirname(path);
      return (
        file === undefined ||
        ["base", "kinds"].includes(folderOf(file)) ||
        file === "src/broker/contract.ts" ||
        [own, "src/capabilities"].includes(dirname(file))
      );
    },
  ),
  importRule(
    {
      name: "only a session links the providers",
      why: "No path may lead to the code that acts but the broker's; what replays or reviews cannot act if it is not linked.",
      mend: "Go through src/session; for a description of a capability's functions use src/kinds.",
    },
    (path) => path.startsWith("src/") && !isUnder(path, ["src/capabilities/*", "src/session/*", "src/index.ts"]),
    ({ file, typeOnly }) => typeOnly || file === undefined || folderOf(file) !== "capabilities",
  ),
  importRule(
    {
      name: "enclosure and bundle know base alone",
      why: "What runs beside hostile code has one door to the world, the function that is handed to it.",
      mend: "Pass it in as data or as a function from src/session.",
    },
    (path) => path.startsWith("src/enclosure/") || path.startsWith("src/bundle/"),
    ({ file }, path) => file === undefined || [folderOf(path), "base"].includes(folderOf(file)),
  ),
  importRule(
    {
      name: "the guest's world has no host in it",
      why: "The prelude runs inside the isolate, where Node does not exist and nothing of the host's may be bundled in.",
      mend: "Write it in the language itself, or take it from core-js or @exodus/bytes.",
    },
    inGuest,
    ({ file, outside, typeOnly }) =>
      file === undefined
        ? ["core-js", "@exodus/bytes", "@noble/hashes"].includes(outside ?? "")
        : file.startsWith(GUEST) || file.startsWith("src/base/") || (typeOnly && file === "src/enclosure/contract.ts"),
  ),
  importRule(
    {
      name: "review does not act",
      why: "A reviewer's tool that could call, spawn or open sockets would be a second way to the world.",
      mend: "Read through the log's reader; leave acting to src/session.",
    },
    (path) => path.startsWith("src/review/"),
    ({ file }) => file === undefined || !["capabilities", "outside", "session"].includes(folderOf(file)),
  ),
  importRule(
    {
      name: "dangerous modules are confined",
      why: "Where an isolate, a database, a process or a socket can be made is what an auditor reads first.",
      mend: "Use the part of the product that owns it (the lists stand in test/support/rules.ts).",
    },
    (path) => path.startsWith("src/"),
    ({ outside }, path) =>
      CONFINED.every(({ names, places }) => !names.includes(outside ?? "") || isUnder(path, places)),
  ),
  importRule(
    {
      name: "every import can be read",
      why: "A computed specifier would hide from all the other rules.",
      mend: "Name the module as a plain text.",
    },
    (path) => path.startsWith("src/") && !isUnder(path, ["src/capabilities/module/host.ts"]),
    ({ specifier }) => specifier !== "(computed)",
  ),
  importRule(
    {
      name: "nothing imports tests or the library's front door",
      why: "src/index.ts is for users: importing it from within makes everything depend on everything.",
      mend: "Import the file that has it.",
    },
    (path) => path.startsWith("src/"),
    ({ file }) => file === undefined || (file.startsWith("src/") && file !== "src/index.ts"),
  ),
  {
    name: "dangerous names are confined",
    why: "The environment, the real clock and real randomness make a run that cannot be replayed or a secret that leaks.",
    mend: "Take a power (src/base/powers.ts) and have src/outside implement it.",
    check: (file) =>
      file.path.startsWith("src/") && !inGuest(file.path)
        ? CONFINED_NAMES.filter(({ places }) => !isUnder(file.path, places)).flatMap(({ names }) =>
            names.flatMap((name) => mentions(file, name)),
          )
        : [],
  },
  {
    name: "a brand is made by its maker alone",
    why: "The types carry the argument that a call was admitted or a text canonical; a cast elsewhere forges it.",
    mend: "Call the maker (parseHexDigest, admitJson, the broker …).",
    check: (file) =>
      Object.entries(BRANDS)
        .filter(([, makers]) => file.path.startsWith("src/") && !isUnder(file.path, makers))
        .flatMap(([brand]) => mentions(file, `as ${brand}`)),
  },
  {
    name: "a file says what it owns",
    why: "Its head is what a reader who has five minutes reads.",
    mend: "Open it with two to eight lines of comment: what it owns, its invariants, its specification.",
    check: (file) =>
      file.path.startsWith("test/") || /^(#!.*\n)?(\/\/|\/\*)/.test(file.text) ? [] : ["line 1: no comment"],
  },
  {
    name: "a file can be read in one sitting",
    why: "Beyond some hundred lines nobody holds a file in mind.",
    mend: "Split it along what it owns.",
    check: (file) => {
      const lines = file.text.split("\n").length - 1;
      const bounded = file.path.startsWith("src/") && !LONG_FILES.includes(file.path);
      return bounded && lines > LINES_MAX ? [`${lines} lines, the bound is ${LINES_MAX}`] : [];
    },
  },
  {
    name: "a name says what is in it",
    why: "A drawer called util or common collects what nobody thought about.",
    mend: "Name the file for what it owns.",
    check: (file) => (VAGUE_NAMES.test(file.path) ? [file.path] : []),
  },
];

/** `name` as code: words and marks in a row. */
function mentions(file: SourceFile, name: string): readonly string[] {
  const parts = name.match(/\w+|[^\s\w]/g) ?? [];
  return findSequence(file.tokens, parts)
    .filter((i) => file.tokens[i - 1]?.text !== "." || parts.length === 1)
    .map((i) => `line ${file.tokens[i]?.line}: ${name}`);
}

/** The first cycle of value imports, as the files on it; undefined where there is none. */
export function findCycle(files: readonly SourceFile[]): readonly string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const site of byPath.get(path)?.imports ?? []) {
      const cycle = site.typeOnly || site.file === undefined ? undefined : visit(site.file, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
