import { describe, expect, test } from "vitest";
import { shellWord } from "../../src/base/shell.ts";
import { shownCounts, withoutCode } from "../../src/cli/words.ts";

describe("shownCounts()", () => {
  const calls = { admitted: 154, denied: 8, failed: 0, unknown: 0 };

  test("has those that failed, or whose outcome is unknown, among the admitted", () => {
    expect(shownCounts(calls)).toBe("154 admitted, 8 refused");
    expect(shownCounts({ ...calls, failed: 1 })).toBe("154 admitted (1 failed), 8 refused");
    expect(shownCounts({ ...calls, failed: 1, unknown: 2 })).toBe("154 admitted (1 failed, 2 unknown), 8 refused");
  });

  test("tells of calls that were refused inside, and of nobody knowing", () => {
    expect(shownCounts(calls, 3)).toBe("154 admitted, 8 refused, 3 refused inside");
    expect(shownCounts(calls, null)).toBe("154 admitted, 8 refused, refused inside: not known");
  });
});

test("withoutCode() takes away the message's own code, and no other", () => {
  expect(withoutCode("refused [RULE_DENIED]", "RULE_DENIED")).toBe("refused");
  expect(withoutCode("refused [RULE_DENIED]", "RULE_FAILED")).toBe("refused [RULE_DENIED]");
});

test.each([
  ["policies/mail-1.yaml", "policies/mail-1.yaml"],
  ["my manifest.yaml", "'my manifest.yaml'"],
  ["it's $HOME.yaml", "'it'\\''s $HOME.yaml'"],
  ["", "''"],
])("shellWord(%j) is what a shell takes for it", (path, word) => expect(shellWord(path)).toBe(word));
