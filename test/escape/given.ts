// What an attacker is given who is said to have got past a wall, as changes of the product's sources.

import type { Attack } from "./attack.ts";
import type { Replacement } from "./weaken.ts";

type Given = NonNullable<Attack["given"]>;

/** The guest process evaluates what the agent gives it, in the scope of its own program. */
const OUT_OF_THE_ISOLATE: readonly Replacement[] = [
  {
    file: "src/enclosure/child.ts",
    find: "    global.deleteSync(HOOK_NAME);\n",
    replace: `    global.deleteSync(HOOK_NAME);
    global.setSync("escaped", new vm.Callback((code: string) => {
      try { return String(eval(code)); } catch (error) { return String(error); }
    }));\n`,
  },
];

/** No machine needs a bubblewrap for it, and none holds by it what another wall is to hold. */
export const BARE: readonly Replacement[] = [
  { file: "src/enclosure/os-walls.ts", find: "const shell = existsSync(SHELL);", replace: "const shell = false;" },
];

export const NO_PERMISSIONS: readonly Replacement[] = [
  { file: "src/enclosure/command.ts", find: '  "--permission",\n', replace: "" },
  { file: "src/enclosure/command.ts", find: '  "--allow-addons",\n', replace: "" },
  {
    file: "src/enclosure/command.ts",
    find: "return [...GUEST_FLAGS, ...readable, program",
    replace: "return [...GUEST_FLAGS, ...readable.slice(2), program",
  },
  { file: "src/enclosure/child.ts", find: "dropPowers(addonPath);\n", replace: "" },
];

/** Its file is in the guest's root. */
const MACHINE_CODE: Replacement = {
  file: "src/enclosure/os-walls.ts",
  find: "      [addon.path, INSIDE.addon] as const,\n",
  replace:
    '      [addon.path, INSIDE.addon] as const,\n      [process.cwd() + "/machine.node", "/machine.node"] as const,\n',
};

/** Past the isolate; the system's walls are out, so that Node's hold alone, and the same on every machine. */
export const ESCAPED: Given = {
  what: "The agent can run code in the guest process's own Node, as after an escape from the isolate; the system's walls are out.",
  replace: [...OUT_OF_THE_ISOLATE, ...BARE],
};

/** Past Node's permissions too. */
export const PAST_NODE: Given = {
  what: "The agent can run code in the guest process's own Node, which has no permission model and has given up nothing.",
  replace: [...OUT_OF_THE_ISOLATE, ...NO_PERMISSIONS],
};

/** And machine code of its own. */
export const MACHINE: Given = {
  what: "Machine code, compiled from this file, runs in the guest process, in which Node holds nothing.",
  replace: [...PAST_NODE.replace, MACHINE_CODE],
};

export function alsoGiven({ replace, what }: Given, more: string, ...others: readonly Replacement[]): Given {
  return { what: `${what} ${more}`, replace: [...replace, ...others] };
}

/** The filter with these system calls let through, by their numbers. */
export function allowing(calls: Readonly<Record<string, number>>): Replacement {
  return {
    file: "src/enclosure/seccomp.ts",
    find: "...onNumbers(ALLOWED, ALLOW),",
    replace: `...onNumbers(ALLOWED, ALLOW), ...onNumbers(${JSON.stringify(calls)}, ALLOW),`,
  };
}

/** No filter at all, behind the same namespaces. */
export const NO_FILTER: readonly Replacement[] = [
  { file: "src/enclosure/os-walls.ts", find: 'const filtered = arch === "x64";', replace: "const filtered = false;" },
];
