// A source over which the compiler's process dies: it is refused, and whoever is compiled beside it or after it is not.

import { expect, it } from "vitest";
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
