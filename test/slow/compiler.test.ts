// A source over which the compiler's process dies: it is refused, and whoever is compiled beside it or after it is not.

import { expect, it } from "vitest";
import { residentBytes } from "../../src/bundle/compiler-watch.ts";
import { bundle, project, refusalOf } from "../bundle/project.ts";

it("bundleAgent() refuses a source that the compiler dies over, and it alone", async () => {
  const sound = (n: number) => bundle(project({ "agent.ts": `export default ${n};` }));
  const hostile = project({ "agent.ts": `export default ${"[".repeat(3_000_000)}` });
  const hidden = project({
    "agent.ts": `import x from "./x.json"; export default x;`,
    "x.json": "[".repeat(3_000_000),
  });
  const beside = [sound(1), sound(2), sound(3)];
  const refusals = await Promise.all([hostile, hidden].map(async (one) => refusalOf(bundle(one))));
  const invalid = { code: "BUNDLE_REFUSED", problems: [{ code: "SOURCE_INVALID" }] };
  expect(refusals).toMatchObject([invalid, invalid]);
  const after = await Promise.all([...beside, sound(4)]);
  expect(after.map(({ script }) => /= (\d)/.exec(script)?.[1])).toEqual(["1", "2", "3", "4"]);
});

const HOST_GROWTH_MAX = 512 * 2 ** 20;

// Each message about a line holds the whole line: gigabytes, of two megabytes of source.
it.each([
  ["takes more than", 400],
  ["has an answer of more than", 25],
])("bundleAgent() refuses a source for which the compiler %s it may", async (words, errors) => {
  const long = `let c=1;${"let c=2;".repeat(errors)}/*${"x".repeat(2e6)}*/`;
  const before = residentBytes(process.pid);
  let peak = 0;
  const looking = setInterval(() => (peak = Math.max(peak, residentBytes(process.pid))), 5);
  const refusal = await refusalOf(bundle(project({ "agent.ts": long })));
  clearInterval(looking);
  const { script } = await bundle(project({ "agent.ts": "export default 5;" }));
  expect(refusal).toMatchObject({ code: "BUNDLE_REFUSED", problems: [{ code: "SOURCE_INVALID" }] });
  expect(refusal.problems[0]?.message).toContain(words);
  expect(peak - before).toBeLessThan(HOST_GROWTH_MAX);
  expect(script).toContain("= 5");
});
