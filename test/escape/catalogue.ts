// The catalogue of attacks: every row is a hostile agent in agents/, what it attacks, what holds it, and how the defence is
// taken out to see it succeed. docs/ATTACKS.md is made from it, and test/slow/escape.test.ts runs it.
// An agent hands out its loot: whatever it has got that it must not have; undefined, or an error, where it got nothing.

import type { Attack } from "./attack.ts";
import { REALM } from "./rows/realm.ts";

export const ATTACKS: readonly Attack[] = [...REALM];
