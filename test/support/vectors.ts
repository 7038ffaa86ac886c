// Data and vectors from elsewhere, read in place; tests that need them skip visibly where they are absent.
import { existsSync } from "node:fs";
import { join } from "node:path";

const VECTORS = join(import.meta.dirname, "..", "..", "..", "shared", "vectors");

export const hasVectors = existsSync(VECTORS);

export function vectorPath(...parts: readonly string[]): string {
  return join(VECTORS, ...parts);
}
