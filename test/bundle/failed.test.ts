import { expect, it } from "vitest";
import { bundle, project, refusalOf } from "./project.ts";

it("bundleAgent() says BUNDLE_FAILED when the compiler's program is another one", async () => {
  process.env["ESBUILD_BINARY_PATH"] = process.execPath;
  const fault = await refusalOf(bundle(project({ "agent.ts": "export default 1;" })));
  expect(fault.code).toBe("BUNDLE_FAILED");
});
