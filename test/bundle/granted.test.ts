// Which names a source asks of enclosure:caps, read in one pass: a source is an agent's, and a scan of ours cannot be
// stopped. Where a text were looked at anew from each of its words, the last test would not come to its end.

import type { transform } from "esbuild";
import { transform as esbuildTransform } from "esbuild";
import { expect, test } from "vitest";
import { askedNames } from "../../src/bundle/granted.ts";

/** For a text that stands as the compiler would spell it. */
const asItIs = ((code: string) => Promise.resolve({ code })) as unknown as typeof transform;

test("askedNames() tells each name that is asked for as a value, with its place", async () => {
  const source = `import type { left } from "enclosure:caps";
import { desk, mail as post } from "enclosure:caps";
export { note } from 'enclosure:caps';
const text = "import { quoted } from 'elsewhere'";
import {
  web,
  type Kind,
} from "enclosure:caps"; import other from "other";
`;
  expect(await askedNames(source, "ts", esbuildTransform)).toEqual([
    { name: "desk", line: 2, column: 10 },
    { name: "mail", line: 2, column: 16 },
    { name: "note", line: 3, column: 10 },
    { name: "web", line: 6, column: 3 },
  ]);
});

test.each([
  ["lines that each could begin a statement", `\n${"import x\n".repeat(300_000)}`],
  ["words that each could begin a statement", `${"import ".repeat(300_000)};`],
  ["statements that end and do not begin", ' from "enclosure:caps";'.repeat(50_000)],
  ["opened braces", `import {\n`.repeat(300_000)],
  ["names", `import { ${Array.from({ length: 20_000 }, (_, i) => `a${i}`).join(", ")} } from "enclosure:caps";`],
])("askedNames() goes once over %s", async (_, part) => {
  const source = `/* ${part} */\nimport { desk } from "enclosure:caps";\n`;
  expect((await askedNames(source, "ts", asItIs)).at(-1)?.name).toBe("desk");
});
