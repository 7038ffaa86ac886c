// The resolver: which file an import means. Pure but for the jail's look-ups, so that it can be run again to tell whether a
// cached bundle still is what a fresh one would be. Node's algorithm with TypeScript's extensions and, for agents, the
// `browser` field. A tsconfig.json is never read: its `paths` and `extends` can point anywhere.

import { isBuiltin } from "node:module";
import { dirname, extname, join } from "node:path";
import type { ErrorCode } from "../base/errors.ts";
import { SPECIFIER_CHARS_MAX } from "../base/limits.ts";
import { foldersUpward, type Jail } from "./jail.ts";
import { exportTarget, importTarget, type Package, parsePackage } from "./packages.ts";
import { isInPackage, toProjectPath } from "./root.ts";

/** How a file is asked for: by `import` (static or not) or by `require`. */
export type Mode = "import" | "require";

export type Resolution =
  | { readonly kind: "file"; readonly path: string; readonly sideEffects: boolean }
  /** A `browser` field says that there is nothing in its place. */
  | { readonly kind: "empty" }
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly message: string; readonly mend?: string };

export interface ResolverRules {
  readonly conditions: readonly string[];
  readonly mainFields: readonly string[];
  /** Whether a Node built-in comes before a package of the same name. */
  readonly builtinsFirst: boolean;
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".jsx", ".json"];
/** What is tried in turn where an import names no extension; packages ship JavaScript beside their sources. */
const TRIED = [".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".jsx", ".json"];
const TRIED_IN_PACKAGES = [".js", ".mjs", ".cjs", ".json", ".ts", ".tsx", ".mts", ".jsx"];
/** TypeScript writes the extension of what a source is compiled to. */
const WRITTEN_AS: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".jsx": [".tsx"],
};

export class Resolver {
  readonly #jail: Jail;
  readonly #rules: ResolverRules;
  readonly #conditions: Readonly<Record<Mode, ReadonlySet<string>>>;
  readonly #packages = new Map<string, Package | undefined>();

  constructor(jail: Jail, rules: ResolverRules) {
    this.#jail = jail;
    this.#rules = rules;
    this.#conditions = {
      import: new Set([...rules.conditions, "import"]),
      require: new Set([...rules.conditions, "require"]),
    };
  }

  /** `importer` is the real path of the importing file. Throws nothing but JailError, where a package.json is too large. */
  resolve(specifier: string, importer: string, mode: Mode): Resolution {
    if (specifier.length > SPECIFIER_CHARS_MAX) return missing(`${specifier.slice(0, 80)}…`);
    const folder = dirname(importer);
    const scope = this.#scopeOf(folder);
    const replaced = scope === undefined ? undefined : this.#replacement(scope, specifier);
    if (replaced === false) return { kind: "empty" };
    const resolution =
      scope === undefined || replaced === undefined
        ? this.#resolvePlain(specifier, folder, mode)
        : this.#resolvePlain(replaced, scope.folder, mode);
    return resolution.kind === "file" ? this.#finish(resolution.path, mode) : resolution;
  }

  #resolvePlain(specifier: string, folder: string, mode: Mode): Resolution {
    if (specifier === "" || specifier.includes("\0")) return missing(specifier);
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(specifier)?.[0];
    if (scheme !== undefined && scheme !== "node:") return outside(specifier, "a URL cannot be imported");
    if (specifier.startsWith("/") || specifier.startsWith("\\"))
      return outside(specifier, "an absolute path cannot be imported");
    if (/^\.{1,2}(\/|$)/.test(specifier)) return this.#fileOrFolder(join(folder, specifier), specifier, mode);
    if (specifier.startsWith("#")) return this.#imports(specifier, folder, mode);
    const builtin = isBuiltin(specifier) || scheme === "node:";
    if (builtin && (scheme === "node:" || this.#rules.builtinsFirst)) return { kind: "builtin", name: specifier };
    const found = this.#bare(specifier, folder, mode);
    const absent = found.kind === "refused" && found.code === "IMPORT_MISSING";
    return builtin && absent ? { kind: "builtin", name: specifier } : found;
  }

  // A path, and what is tried in its place

  #fileOrFolder(path: string, specifier: string, mode: Mode): Resolution {
    const file = this.#file(path);
    if (file !== undefined) return file;
    const found = this.#jail.find(path);
    if (found.kind === "outside") return outside(specifier, "it leads out of the project");
    if (found.kind !== "folder") return missing(specifier);
    const pkg = this.#packageIn(found.path);
    return this.#main(found.path, pkg, specifier, mode);
  }

  #main(folder: string, pkg: Package | undefined, specifier: string, mode: Mode): Resolution {
    if (pkg?.main !== undefined) {
      this.#jail.count(pkg.file);
      const target = join(folder, pkg.main);
      const file = this.#file(target) ?? this.#file(join(target, "index"));
      if (file !== undefined) return file;
      if (this.#jail.find(target).kind === "outside")
        return outside(specifier, "its package.json leads out of the project");
    }
    return this.#file(join(folder, "index")) ?? missing(specifier, mode);
  }

  /** The file at `path`, as written or with an extension; undefined where there is none. */
  #file(path: string): Resolution | undefined {
    const exact = this.#exact(path);
    if (exact !== undefined) return exact;
    const extension = extname(path);
    const stem = path.slice(0, path.length - extension.length);
    const tried = isInPackage(toProjectPath(this.#jail.root, path)) ? TRIED_IN_PACKAGES : TRIED;
    const others = [...(WRITTEN_AS[extension] ?? []).map((one) => stem + one), ...tried.map((one) => path + one)];
    for (const other of others) {
      const found = this.#exact(other);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #exact(path: string): Resolution | undefined {
    const found = this.#jail.find(path);
    if (found.kind === "file") return fileOf(found.path);
    return undefined;
  }

  // Packages

  #bare(specifier: string, folder: string, mode: Mode): Resolution {
    const { name, subpath } = splitBare(specifier);
    if (name === undefined) return missing(specifier);
    const self = this.#scopeOf(folder);
    if (self?.name === name && self.exports !== undefined) return this.#exports(self, subpath, specifier, mode);
    for (const above of foldersUpward(this.#jail.root, folder)) {
      const found = this.#jail.find(join(above, "node_modules", name));
      if (found.kind === "outside")
        return outside(specifier, `node_modules/${name} is a link that leads out of the project`);
      if (found.kind !== "folder") continue;
      const pkg = this.#packageIn(found.path);
      if (pkg !== undefined && pkg.exports !== undefined && pkg.exports !== null)
        return this.#exports(pkg, subpath, specifier, mode);
      if (subpath === ".") return this.#main(found.path, pkg, specifier, mode);
      return this.#fileOrFolder(join(found.path, subpath), specifier, mode);
    }
    return missing(specifier, mode);
  }

  #exports(pkg: Package, subpath: string, specifier: string, mode: Mode): Resolution {
    this.#jail.count(pkg.file);
    const target = exportTarget(pkg, subpath, this.#conditions[mode]);
    if (target === null) return closed(specifier);
    return this.#target(pkg, target, specifier);
  }

  #imports(specifier: string, folder: string, mode: Mode): Resolution {
    const pkg = this.#scopeOf(folder);
    const target = pkg === undefined ? null : importTarget(pkg, specifier, this.#conditions[mode]);
    if (pkg === undefined || target === null) return missing(specifier);
    this.#jail.count(pkg.file);
    if (target.startsWith("./")) return this.#target(pkg, target, specifier);
    const inner = target.startsWith("#") ? missing(specifier) : this.#resolvePlain(target, pkg.folder, mode);
    return inner.kind === "refused" ? { ...inner, message: `"${specifier}": ${inner.message}` } : inner;
  }

  /** A target of `exports` or `imports`: a file below its package, spelled out in full. */
  #target(pkg: Package, target: string, specifier: string): Resolution {
    const steps = target.split(/[/\\]/).slice(1);
    if (!target.startsWith("./") || steps.some((step) => step === ".." || step === "." || step === "node_modules"))
      return outside(specifier, "its package.json leads out of the package");
    const found = this.#jail.find(join(pkg.folder, target));
    if (found.kind === "outside") return outside(specifier, "its package.json leads out of the project");
    return found.kind === "file" ? fileOf(found.path) : closed(specifier);
  }

  // package.json

  /** The package that a file of `folder` belongs to. */
  #scopeOf(folder: string): Package | undefined {
    for (const above of foldersUpward(this.#jail.root, folder)) {
      if (above.endsWith("node_modules")) return undefined;
      const pkg = this.#packageIn(above);
      if (pkg !== undefined) return pkg;
    }
    return undefined;
  }

  #packageIn(folder: string): Package | undefined {
    if (this.#packages.has(folder)) return this.#packages.get(folder);
    const found = this.#jail.find(join(folder, "package.json"));
    let pkg: Package | undefined;
    if (found.kind === "file") {
      const text = new TextDecoder().decode(this.#jail.readPackage(found.path));
      pkg = parsePackage(folder, found.path, text, this.#rules.mainFields);
    }
    this.#packages.set(folder, pkg);
    return pkg;
  }

  // The `browser` field

  /** What a package's own `browser` table says of an import of another package. */
  #replacement(scope: Package, specifier: string): string | false | undefined {
    if (specifier.startsWith(".")) return undefined;
    const replaced = scope.browser.get(specifier);
    if (replaced !== undefined) this.#jail.count(scope.file);
    return replaced;
  }

  /** Applies the `browser` table to the file that was found, and says whether it may be left out. */
  #finish(path: string, mode: Mode): Resolution {
    const scope = this.#scopeOf(dirname(path));
    if (scope === undefined) return { kind: "file", path, sideEffects: true };
    const inside = `./${toProjectPath(scope.folder, path)}`;
    const stem = inside.slice(0, inside.length - extname(inside).length);
    const replaced = scope.browser.get(inside) ?? scope.browser.get(stem);
    if (replaced !== undefined) this.#jail.count(scope.file);
    if (replaced === false) return { kind: "empty" };
    if (replaced !== undefined && replaced !== inside) {
      const other = this.#resolvePlain(replaced, scope.folder, mode);
      if (other.kind !== "file") return other;
      path = other.path;
    }
    if (!EXTENSIONS.includes(extname(path))) return unsupported(toProjectPath(this.#jail.root, path));
    const sideEffects = scope.sideEffects || !isInPackage(toProjectPath(this.#jail.root, path));
    if (!sideEffects) this.#jail.count(scope.file);
    return { kind: "file", path, sideEffects };
  }
}

/** "@scope/name/sub" as its package and "./sub"; no name where it cannot be one. */
function splitBare(specifier: string): { readonly name?: string; readonly subpath: string } {
  const parts = specifier.split("/");
  const length = specifier.startsWith("@") ? 2 : 1;
  const name = parts.slice(0, length).join("/");
  const valid = parts.length >= length && parts.slice(0, length).every((part) => /^@?[^.@%\\][^%\\@]*$/.test(part));
  const rest = parts.slice(length).join("/");
  return valid ? { name, subpath: rest === "" ? "." : `./${rest}` } : { subpath: "." };
}

function fileOf(path: string): Resolution {
  return { kind: "file", path, sideEffects: true };
}

function outside(specifier: string, why: string): Resolution {
  return { kind: "refused", code: "IMPORT_OUTSIDE", message: `"${specifier}" is not in the project: ${why}` };
}

function closed(specifier: string): Resolution {
  return {
    kind: "refused",
    code: "IMPORT_MISSING",
    message: `"${specifier}" is not among what its package's package.json offers`,
    mend: "Import what the package exports for a browser or a worker, or another version of it.",
  };
}

function missing(specifier: string, mode?: Mode): Resolution {
  const message = `"${specifier}" cannot be found`;
  if (mode === undefined) return { kind: "refused", code: "IMPORT_MISSING", message };
  const mend = "Install the package in the project, or write a relative path; `paths` of a tsconfig.json are not read.";
  return { kind: "refused", code: "IMPORT_MISSING", message, mend };
}

function unsupported(shown: string): Resolution {
  const native = shown.endsWith(".node");
  const message = native
    ? `${shown} is a native addon, and a bundle is text alone`
    : `${shown} is not of a kind that can be imported (${EXTENSIONS.join(" ")})`;
  return { kind: "refused", code: "IMPORT_UNSUPPORTED", message };
}
