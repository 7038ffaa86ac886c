// Attacks by values that cross.

import { type Attack, canary, loot } from "../attack.ts";

export const VALUES: readonly Attack[] = [
  {
    id: "A47",
    file: "proto-key",
    title: "A key named __proto__",
    class: "values",
    defence: { kind: "specific", what: "The codec refuses the key in the guest, and the host refuses it again." },
    expected: "nothing",
    without: {
      how: "With neither refusing it",
      replace: [
        {
          file: "src/base/codec.ts",
          find: 'if (key === "__proto__") throw new CodecError("the key __proto__ cannot cross");',
          replace: "",
        },
        { file: "src/base/json.ts", find: 'new Set(["__proto__"]);', replace: "new Set([]);" },
      ],
      shows: canary("memory"),
    },
  },
  {
    id: "A48",
    file: "lone-surrogates",
    title: "Half a character",
    class: "values",
    defence: { kind: "specific", what: "The codec refuses such texts in the guest, and the host refuses them again." },
    expected: "nothing",
    without: {
      how: "With neither refusing them",
      replace: [
        {
          file: "src/base/codec.ts",
          find: 'if (!apply(isWellFormed, value, [])) throw new CodecError("a text with a lone surrogate cannot cross");',
          replace: "",
        },
        {
          file: "src/base/json.ts",
          find: 'if (/\\\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value)) throw invalid("the value holds a lone surrogate");',
          replace: "",
        },
      ],
      shows: loot("both texts are taken"),
    },
  },
  {
    id: "A49",
    file: "type-tags",
    title: "Objects that look like a tag",
    class: "values",
    defence: { kind: "specific", what: "An object with a `$type` of its own is wrapped." },
    expected: "nothing",
    without: {
      how: "With such an object passed on as it is",
      replace: [
        {
          file: "src/base/codec.ts",
          find: "if (!tagged) return object;",
          replace: "if (tagged || !tagged) return object;",
        },
      ],
      shows: loot("another value arrives than was sent"),
    },
  },
  {
    id: "A50",
    file: "deep-nesting",
    title: "Nest deep",
    class: "values",
    defence: {
      kind: "specific",
      what: "The codec bounds the depth in the guest; the guest process and the host measure the text again, without recursion.",
    },
    expected: "nothing",
    without: {
      how: "With a bound of a billion",
      replace: [
        {
          file: "src/base/codec.ts",
          find: "export const VALUE_DEPTH_MAX = 64;",
          replace: "export const VALUE_DEPTH_MAX = 1_000_000_000;",
        },
      ],
      shows: loot("the value is taken"),
    },
  },
  {
    id: "A51",
    file: "numbers",
    title: "Numbers that JSON does not have",
    class: "values",
    defence: {
      kind: "specific",
      what: "They cross as tagged texts; an argument is accepted only if it is its own re-spelling.",
    },
    expected: "nothing",
    without: {
      how: "With numbers left to JSON",
      replace: [
        {
          file: "src/base/codec.ts",
          find: "if (isFiniteNumber(value) && !objectIs(value, -0)) return value;",
          replace: "return value;",
        },
      ],
      shows: loot("another number arrives than was sent"),
    },
  },
  {
    id: "A52",
    file: "changing-value",
    title: "Another value at each look",
    class: "values",
    defence: {
      kind: "structural",
      what: "The argument is spelled once, in the guest; all that come after read that text.",
    },
    expected: "nothing",
    without: {
      how: "In a node:vm context with a few host objects",
      standIn: "node-vm",
      shows: loot("the desk pays what it had not checked"),
    },
  },
  {
    id: "A53",
    file: "endless-array",
    title: "An array without an end",
    class: "values",
    defence: { kind: "specific", what: "The parts of a value are counted while it is encoded." },
    limits: { cpu: "3s" },
    expected: "nothing",
    without: {
      how: "With the parts not counted",
      replace: [
        {
          file: "src/base/codec.ts",
          find: "if (++count.nodes > VALUE_NODES_MAX) throw",
          replace: "if (++count.nodes < 0) throw",
        },
      ],
      shows: { what: "only a limit of the session ends it", seen: ({ result }) => result?.status === "limit" },
    },
  },
  {
    id: "A54",
    file: "names-of-objects",
    title: "Names that every object has",
    class: "values",
    defence: {
      kind: "structural",
      what: "A capability is an object without a prototype; the broker looks names up in maps that hold the manifest's.",
    },
    expected: "nothing",
    without: {
      how: "In an isolate within the host's process, by the usual recipe, where names are looked up on the host's object",
      standIn: "plain-isolate",
      shows: loot("the host answers under a name that nobody has granted"),
    },
  },
  {
    id: "A55",
    file: "huge-bigint",
    title: "A number that takes long to read",
    class: "values",
    defence: { kind: "specific", what: "The codec bounds the digits of a bigint, in the guest and again in the host." },
    expected: "nothing",
    without: {
      how: "With a bound of a billion",
      replace: [
        {
          file: "src/base/codec.ts",
          find: "export const BIGINT_CHARS_MAX = 10_000;",
          replace: "export const BIGINT_CHARS_MAX = 1_000_000_000;",
        },
      ],
      shows: loot("the number is read in the guest, in the host and by the desk"),
    },
  },
];
