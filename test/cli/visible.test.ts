// Attack: an agent chooses texts that a terminal would obey, or that read otherwise than they are.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clipped, displayWidth, visible, visibleJson, visibleLines, wrapped } from "../../src/cli/visible.ts";

const ATTACKS: readonly (readonly [what: string, text: string, shown: string])[] = [
  ["clears the screen", "\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"],
  ["sets the window's title", "\x1b]0;owned\x07", "\\x1b]0;owned\\x07"],
  ["writes to the clipboard", "\x1b]52;c;cm0gLXJm\x07", "\\x1b]52;c;cm0gLXJm\\x07"],
  ["uses the one-byte control sequence introducer", "\u009b31m", "\\x9b31m"],
  ["goes back over the line", "denied\rgranted", "denied\\rgranted"],
  ["erases with backspaces", "no\b\byes", "no\\x08\\x08yes"],
  ["forges a line of ours", "x\nenclosure: verified", "x\\nenclosure: verified"],
  ["reorders with a bidi override", "\u202egnp.exe", "\\u202egnp.exe"],
  ["reorders with an isolate", "\u2066a\u2069", "\\u2066a\\u2069"],
  ["marks right-to-left", "a\u200fb\u061c", "a\\u200fb\\u061c"],
  ["hides with zero width", "pay\u200bpal\ufeff", "pay\\u200bpal\\ufeff"],
  ["hides with tag characters", "a\u{e0041}", "a\\u{e0041}"],
  ["hides with a soft hyphen", "a\u00adb", "a\\xadb"],
  ["breaks lines as Unicode does", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
  ["fills with blank letters", "a\u3164b\u2800", "a\\u3164b\\u2800"],
  ["holds a lone surrogate", "a\ud800b", "a\\ud800b"],
  ["holds NUL and DEL", "\0\x7f", "\\x00\\x7f"],
];

describe("visible()", () => {
  test.each(ATTACKS)("spells out a text that %s", (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test("leaves letters of every script, and emoji, as they are", () => {
    for (const text of ["plain ASCII ~", "Zoë Ångström", "Привет", "שלום", "北京", "مرحبا", "❤️ 🚀"])
      expect(visible(text)).toBe(text);
  });

  test("lets nothing through that a terminal does not show", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe("visibleLines()", () => {
  test("keeps line breaks and nothing else that moves the cursor", () => {
    expect(visibleLines("a\r\n\tb\x1b[A\rc")).toEqual(["a", "  b\\x1b[A\\rc"]);
  });
});

describe("visibleJson()", () => {
  test("is the same JSON, with nothing hidden in it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
        const whole = { value, [text]: text };
        const shown = visibleJson(whole, 2);
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(whole)));
        expect(shown.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test.each(ATTACKS)("escapes a text that %s", (_what, text) => {
    const shown = visibleJson(text);
    expect(JSON.parse(shown)).toBe(text);
    expect(visible(shown)).toBe(shown);
  });
});

describe("wrapped()", () => {
  test("divides at blanks, and leaves a word that is too long whole", () => {
    expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapped("signed by seventeen", 6)).toEqual(["signed", "by", "seventeen"]);
    expect(wrapped("one two three", Infinity)).toEqual(["one two three"]);
    expect(wrapped("", 7)).toEqual([""]);
  });
});

describe("clipped()", () => {
  test("cuts to the columns, counting wide characters twice and combining ones not at all", () => {
    expect(displayWidth("北京")).toBe(4);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(clipped("北京大学", 5)).toBe("北京…");
    expect(clipped("short", 5)).toBe("short");
  });
});
