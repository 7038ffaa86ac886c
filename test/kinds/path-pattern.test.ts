import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePathPattern, matchesPath, pathCovers, pathsMeet } from "../../src/kinds/path-pattern.ts";

const matches = (pattern: string, path: string): boolean =>
  matchesPath(makePathPattern(pattern), path.slice(1).split("/"));

describe("matchesPath()", () => {
  it.each([
    ["/a/b", "/a/b", true],
    ["/a/b", "/a/b/", false],
    ["/a/*", "/a/b", true],
    ["/a/*", "/a/", false],
    ["/a/*", "/a/b/c", false],
    ["/a/x*z", "/a/xyyz", true],
    ["/a/x*z", "/a/xz", true],
    ["/a/x*y*z", "/a/xzyz", true],
    ["/a/xy*yz", "/a/xyz", false],
    ["/a/**", "/a", true],
    ["/a/**", "/a/", true],
    ["/a/**", "/a/b/c", true],
    ["/a/**", "/ab", false],
    ["/a/**/z", "/a/z", true],
    ["/a/**/z", "/a/b/c/z", true],
    ["/a/**/b/**/z", "/a/b/b/z", true],
    ["/a/**/b/**/z", "/a/z", false],
    ["/**", "/", true],
    ["/**", "/any/thing", true],
  ])("%s on %s is %s", (pattern, path, expected) => expect(matches(pattern, path)).toBe(expected));

  it("takes time linear in the path, for patterns that make a backtracking matcher explode", () => {
    const pattern = makePathPattern(`/${"a*".repeat(40)}b`);
    const path = ["a".repeat(200_000)];
    const started = process.hrtime.bigint();
    expect(matchesPath(pattern, path)).toBe(false);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500);
  });
});

describe("pathCovers() and pathsMeet()", () => {
  const segment = fc
    .string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 3 })
    .filter((one) => !one.includes("**"));
  const pattern = fc
    .array(fc.oneof({ weight: 3, arbitrary: segment }, fc.constant("**")), { minLength: 1, maxLength: 4 })
    .map((all) => `/${all.join("/")}`);
  const path = fc.array(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 }), { minLength: 1, maxLength: 4 });

  it("agree with matching: what covers also matches, and what is matched by both meets", () => {
    fc.assert(
      fc.property(pattern, pattern, path, (left, right, segments) => {
        const [a, b] = [makePathPattern(left), makePathPattern(right)];
        const [inA, inB] = [matchesPath(a, segments), matchesPath(b, segments)];
        if (inA && inB) expect(pathsMeet(a, b)).toBe(true);
        if (inB && pathCovers(a, b)) expect(inA).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("tell patterns apart that share nothing", () => {
    expect(pathsMeet(makePathPattern("/a/**"), makePathPattern("/b/**"))).toBe(false);
    expect(pathCovers(makePathPattern("/a/**"), makePathPattern("/a/*/c"))).toBe(true);
    expect(pathCovers(makePathPattern("/a/*"), makePathPattern("/a/**"))).toBe(false);
  });
});
