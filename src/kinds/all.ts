// Every kind of capability that is built.

import type { Kind, KindName } from "./contract.ts";
import { fsKind } from "./fs/kind.ts";
import { httpKind } from "./http/kind.ts";
import { moduleKind } from "./module/kind.ts";

export const KINDS: ReadonlyMap<KindName, Kind> = new Map(
  [moduleKind, httpKind, fsKind].map((kind) => [kind.name, kind]),
);
