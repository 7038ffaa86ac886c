import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../src/base/nearest.ts";

describe("nearest()", () => {
  it.each([
    ["alow", "allow"],
    ["dney", "deny"],
    ["LIMITS", "limits"],
    ["capabilites", "capabilities"],
    ["limit", "limits"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, ["allow", "deny", "ask", "limits", "capabilities"])).toBe(meant);
  });

  it("guesses nothing that is far away", () => {
    expect(nearest("colour", ["allow", "deny"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });

  it("finds a word itself, and survives any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 64 }), fc.array(fc.string()), (word, others) => {
        expect(nearest(word, [...others, word])?.toLowerCase()).toBe(word.toLowerCase());
        expect([undefined, ...others]).toContain(nearest("x".repeat(10_000), others));
      }),
    );
  });
});
