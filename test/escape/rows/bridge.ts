// Attacks on the bridge from inside the guest: what the prelude uses, replaced by the agent.

import { type Attack, loot } from "../attack.ts";

export const BRIDGE: readonly Attack[] = [
  {
    id: "A36",
    file: "hook-left-behind",
    title: "Deliver to oneself",
    class: "bridge",
    defence: {
      kind: "specific",
      what: "The guest process takes the function that delivers and deletes the global before the agent's script is compiled.",
    },
    expected: "nothing",
    without: {
      how: "With the global left in place",
      replace: [{ file: "src/enclosure/child.ts", find: "    global.deleteSync(HOOK_NAME);\n", replace: "" }],
      shows: loot("a call has the outcome that the agent has made up"),
    },
  },
  {
    id: "A37",
    file: "setters-on-prototypes",
    title: "Setters on prototypes",
    class: "bridge",
    defence: { kind: "specific", what: "Tables of the bridge have no prototype; members are defined, not assigned." },
    expected: "nothing",
    without: {
      how: "With a table of pending calls that is a plain object",
      replace: [
        {
          file: "src/enclosure/guest/bridge.ts",
          find: "readonly #pending = create(null) as",
          replace: "readonly #pending = {} as",
        },
      ],
      shows: loot("the agent holds the entry of a pending call, with the functions that settle it"),
    },
  },
  {
    id: "A38",
    file: "patched-json",
    title: "Replace JSON",
    class: "bridge",
    defence: { kind: "specific", what: "JSON.parse and JSON.stringify are captured before the agent's first line." },
    expected: "nothing",
    without: {
      how: "With both looked up when they are needed",
      replace: [
        {
          file: "src/enclosure/guest/intrinsics.ts",
          find: "export const { parse: parseJson, stringify: stringifyJson } = JSON;",
          replace:
            "export const parseJson: typeof JSON.parse = (text) => JSON.parse(text);\nexport const stringifyJson = (value: any): string => JSON.stringify(value);",
        },
      ],
      shows: loot("the agent reads the frames of the bridge"),
    },
  },
  {
    id: "A39",
    file: "to-json",
    title: "toJSON for everything",
    class: "bridge",
    defence: {
      kind: "specific",
      what: "Frames are spelled member by member, and JSON.stringify is asked for texts and numbers alone.",
    },
    expected: "nothing",
    without: {
      how: "With frames spelled by JSON.stringify",
      replace: [
        {
          file: "src/enclosure/guest/spell.ts",
          find: 'if (value === null || typeof value !== "object") return stringifyJson(value);',
          replace: "return stringifyJson(value);",
        },
      ],
      shows: loot("the agent reads the frames of the bridge, and could rewrite them"),
    },
  },
  {
    id: "A40",
    file: "poisoned-descriptors",
    title: "Poison property descriptors",
    class: "bridge",
    defence: { kind: "specific", what: "Descriptors are given no prototype." },
    expected: "nothing",
    without: {
      how: "With descriptors that inherit",
      replace: [
        {
          file: "src/enclosure/guest/intrinsics.ts",
          find: "return setPrototypeOf(descriptor, null) as PropertyDescriptor;",
          replace: "return descriptor;",
        },
      ],
      shows: {
        what: "the bridge fails over a descriptor, and ends the session",
        seen: ({ result }) => /descriptor/i.test(`${result?.error?.message}`),
      },
    },
  },
  {
    id: "A41",
    file: "patched-call",
    title: "Replace call and apply",
    class: "bridge",
    defence: { kind: "specific", what: "Captured methods are called by a captured Reflect.apply." },
    expected: "nothing",
    without: {
      how: "With captured methods called by their own `call`",
      replace: [
        {
          file: "src/enclosure/guest/intrinsics.ts",
          find: "nativeApply(method as never, self, args as never);",
          replace: "(method as any).call(self, ...args);",
        },
      ],
      shows: loot("the agent reads the frames of the bridge"),
    },
  },
  {
    id: "A42",
    file: "late-fetch",
    title: "See the table of grants",
    class: "bridge",
    defence: { kind: "specific", what: "What fetch sends through is chosen before the agent's first line." },
    expected: "nothing",
    without: {
      how: "With the grant looked for when fetch is first touched",
      replace: [
        {
          file: "src/enclosure/guest/prelude.ts",
          find: "makeFetch(openFetch)",
          replace: "makeFetch(makeOpen(bridge, begin.capabilities))",
        },
      ],
      shows: loot("the agent holds the table of grants from which fetch chooses"),
    },
  },
  {
    id: "A43",
    file: "re-entry",
    title: "A call within a call",
    class: "bridge",
    defence: { kind: "specific", what: "A call has its number from the guest process, when it is posted." },
    expected: "nothing",
    without: {
      how: "With calls numbered when they begin",
      replace: [
        {
          file: "src/enclosure/guest/bridge.ts",
          find: "const id = this.#postCall(call);",
          replace:
            'const begun = ((this as any).begun = ((this as any).begun ?? 0) + 1);\n      const posted = this.#postCall(call);\n      const id = typeof posted === "string" ? posted : begun;',
        },
      ],
      shows: loot("two calls have each other's outcome"),
    },
  },
  {
    id: "A44",
    file: "forged-signal",
    title: "A signal of one's own",
    class: "bridge",
    defence: { kind: "specific", what: "Cancelling asks whether the call is pending, and forgets it then." },
    expected: "nothing",
    without: {
      how: "With every cancellation passed on",
      replace: [
        {
          file: "src/enclosure/guest/bridge.ts",
          find: "if (call === undefined) return;\n    // Said before",
          replace: 'if (call === undefined) return void this.#say({ type: "cancel", id });\n    // Said before',
        },
      ],
      shows: {
        what: "the host takes the guest for one that breaks the protocol, and kills it",
        seen: ({ result }) => result?.error?.code === "GUEST_PROTOCOL",
      },
    },
  },
  {
    id: "A45",
    file: "forged-frames",
    title: "Text that looks like a frame",
    class: "bridge",
    defence: {
      kind: "structural",
      what: "What is posted has one header and one body, divided at the first line break, which a header never has; frames carry their lengths.",
    },
    expected: "nothing",
    without: {
      how: "With every line that is posted taken for a frame",
      replace: [
        {
          file: "src/enclosure/child.ts",
          find: 'const newline = text.indexOf("\\n");\n      return this.#take(JSON.parse(text.slice(0, newline)) as Posted, text.slice(newline + 1));',
          replace:
            'const lines = text.split("\\n").filter((line) => line.startsWith(\'{"type"\'));\n      return lines.map((line) => this.#take(JSON.parse(line) as Posted, line.includes(\'"log"\') ? "x" : "{}"))[0] ?? 0;',
        },
      ],
      shows: {
        what: "calls stand in the record that the agent has not made",
        seen: ({ record }) => record.some(({ type }) => type === "call.intended"),
      },
    },
  },
  {
    id: "A46",
    file: "array-species",
    title: "The species of a list",
    class: "bridge",
    defence: {
      kind: "specific",
      what: "Lists of the prelude's are gone through by index, or before the agent's first line.",
    },
    expected: "nothing",
    without: {
      how: "With the grants gone through when fetch is first touched",
      replace: [
        {
          file: "src/enclosure/guest/prelude.ts",
          find: "makeFetch(openFetch)",
          replace: "makeFetch(makeOpen(bridge, begin.capabilities))",
        },
        {
          file: "src/enclosure/guest/capabilities.ts",
          find: 'table.find(({ kind }) => kind === "http")',
          replace: 'table.map((one) => one).find(({ kind }) => kind === "http")',
        },
      ],
      shows: loot("the agent holds the entries of the table of grants"),
    },
  },
];
