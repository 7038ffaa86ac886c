// What is said of the machine: walls that are lacking, and versions behind those that the release knows.
import { describe, expect, it } from "vitest";
import { machineWarnings } from "../../src/session/machine.ts";

const versions = { node: "26.10.0", v8: "14.6", isolatedVm: "7.0.1", icu: "78.1", tz: "2026a", unicode: "17.0" };
const known = { node: "26.10.0", isolatedVm: "7.0.1" };

describe("machineWarnings()", () => {
  it("says nothing where all walls stand and the engine is what the release knows, or newer", () => {
    expect(machineWarnings({ versions }, known)).toEqual([]);
    expect(machineWarnings({ versions: { ...versions, node: "26.11.0", isolatedVm: "8.0.0" } }, known)).toEqual([]);
    expect(machineWarnings({ versions: { ...versions, node: "27.0.0" } }, known)).toEqual([]);
  });

  it("says why the operating system's sandbox is not up", () => {
    const [warning] = machineWarnings({ versions, lacking: "bubblewrap is not installed" }, known);
    expect(warning).toMatchObject({
      code: "OS_SANDBOX_MISSING",
      message: "the operating system's sandbox is not up: bubblewrap is not installed",
    });
  });

  it("warns of each version that is behind, comparing numbers and not texts", () => {
    const behind = { versions: { ...versions, node: "26.9.1", isolatedVm: "7.0.0" } };
    expect(machineWarnings(behind, known).map(({ code, message }) => [code, message])).toEqual([
      ["ENGINE_OUTDATED", "Node 26.9.1 is older than 26.10.0, which this release knows"],
      ["ENGINE_OUTDATED", "isolated-vm 7.0.0 is older than 7.0.1, which this release knows"],
    ]);
  });
});
