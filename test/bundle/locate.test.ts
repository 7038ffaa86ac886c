import { describe, expect, it } from "vitest";
import { locateInSource, makeSourceLocator } from "../../src/bundle/locate.ts";
import { bundle, project } from "./project.ts";

describe("locateInSource()", () => {
  it("finds the source line of a place in the script", async () => {
    const folder = project({
      "agent.ts": 'import { fail } from "./lib/a b.ts";\n\nexport default (): void => fail();\n',
      "lib/a b.ts": "interface Gone { x: 1 }\n\nexport function fail(): void {\n  throw new Error('here');\n}\n",
    });
    const { script, sourceMap } = await bundle(folder);
    const lines = script.split("\n");
    const line = lines.findIndex((text) => text.includes("throw new Error")) + 1;
    const column = (lines[line - 1] as string).indexOf("throw") + 1;
    expect(locateInSource(sourceMap, line, column)).toEqual({ file: "lib/a b.ts", line: 4, column: 3 });
    const locate = makeSourceLocator(sourceMap);
    const call = lines.findIndex((text) => text.includes("=> fail()")) + 1;
    expect(locate(call, (lines[call - 1] as string).indexOf("fail") + 1)).toMatchObject({ file: "agent.ts", line: 3 });
  });

  it("knows nothing of the frame around the agent, nor of what is no place or no map", async () => {
    const { script, sourceMap } = await bundle(project({ "agent.ts": "export default 1;" }));
    const frame = script.split("\n").findIndex((text) => text.includes("$enclosureOutput =")) + 1;
    expect(locateInSource(sourceMap, frame, 1)).toBeUndefined();
    expect(locateInSource(sourceMap, 1, 1)).toBeUndefined();
    expect(locateInSource(sourceMap, 0, 0)).toBeUndefined();
    expect(locateInSource(sourceMap, 1e6, 1)).toBeUndefined();
    expect(locateInSource("no map", 1, 1)).toBeUndefined();
  });
});
