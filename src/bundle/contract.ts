// What a bundle is: the one script that runs, and everything that went into it.

import type { HexDigest } from "../base/bytes.ts";

export interface BundleInput {
  /** Relative to the project root, with forward slashes. */
  readonly path: string;
  readonly sha256: HexDigest;
  readonly bytes: number;
}

/** An agent compiled to one classic script. The guest evaluates `script`; its value is a promise of the agent's output. */
export interface AgentBundle {
  /** The project root, from which the inputs' paths start: real and absolute. */
  readonly root: string;
  readonly script: string;
  readonly sourceMap: string;
  readonly scriptSha256: HexDigest;
  /** Sorted by path. */
  readonly inputs: readonly BundleInput[];
  /** SHA-256 of the canonical JSON of `inputs`: the identity of the agent's source. */
  readonly inputsSha256: HexDigest;
  /** The agent's own entry source, as text. */
  readonly source: string;
  readonly tool: { readonly name: string; readonly version: string };
}

/** A host module compiled to one ES module, so that what was pinned is what runs. */
export interface ModuleBundle {
  /** The project root, from which the inputs' paths start: real and absolute. */
  readonly root: string;
  readonly code: string;
  readonly inputs: readonly BundleInput[];
  /** The digest that the lock holds. */
  readonly inputsSha256: HexDigest;
  /** The folder that `import.meta.url` and relative reads start from: the module file's own, absolute. */
  readonly entryPath: string;
}
