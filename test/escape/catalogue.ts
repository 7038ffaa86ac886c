// The catalogue of attacks: every row is a hostile agent in agents/ (or machine code in machine/, which one loads), what it
// attacks, what holds it, and how the defence is taken out to see it succeed. docs/ATTACKS.md is made from it, and
// test/slow/escape.test.ts runs it.
// An agent hands out its loot: whatever it has got that it must not have; undefined, or an error, where it got nothing.

import type { Attack } from "./attack.ts";
import { BRIDGE } from "./rows/bridge.ts";
import { BUNDLE } from "./rows/bundle.ts";
import { ERRORS } from "./rows/errors.ts";
import { MACHINE_CODE } from "./rows/machine.ts";
import { PROCESS } from "./rows/process.ts";
import { PROMISES } from "./rows/promises.ts";
import { REALM } from "./rows/realm.ts";
import { RECORD } from "./rows/record.ts";
import { RESOURCES } from "./rows/resources.ts";
import { SYSTEM } from "./rows/system.ts";
import { VALUES } from "./rows/values.ts";

export const ATTACKS: readonly Attack[] = [
  ...REALM,
  ...ERRORS,
  ...PROMISES,
  ...BRIDGE,
  ...VALUES,
  ...RESOURCES,
  ...RECORD,
  ...BUNDLE,
  ...PROCESS,
  ...SYSTEM,
  ...MACHINE_CODE,
];
