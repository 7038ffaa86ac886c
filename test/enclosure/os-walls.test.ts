// The operating system's walls: the strongest that this machine gives is used, one that cannot be put up is said and never
// claimed, and who insists gets it or nothing. The weaker machines are made from this one: a host process without user
// namespaces, and one without setpriv as well.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { missingWalls, wrappings } from "../../src/enclosure/os-walls.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { childrenOf } from "../end-to-end/desk.ts";
import { BUBBLEWRAP, BUBBLEWRAP_WORKS, NO_NAMESPACES } from "../support/bubblewrap.ts";
import { PROGRAMS } from "./session.ts";

interface Facts {
  readonly walls?: readonly string[];
  readonly lacking?: string;
  readonly code?: string;
  readonly message?: string;
}

const NO_SETPRIV = [...NO_NAMESPACES, "--ro-bind", "/bin/false", "/usr/bin/setpriv"];

/** What a host process on a machine like that says of its guest. */
function factsOn(machine: readonly string[], insist: boolean): Facts {
  const host = [process.execPath, join(import.meta.dirname, "facts.ts"), `${insist}`];
  const { stdout } = spawnSync(BUBBLEWRAP, [...machine, "--", ...host], { encoding: "utf8" });
  return JSON.parse(stdout) as Facts;
}

const LACKING = /^bubblewrap: it exited with status 1, saying: bwrap: .*namespace/;

describe.skipIf(!BUBBLEWRAP_WORKS)("a machine that has bubblewrap", () => {
  test("puts it around the guest, which shows from outside", async () => {
    const guest = spawnGuest({ programs: PROGRAMS, requireOsSandbox: true });
    onTestFinished(async () => void (await guest.stop()));
    const { lacking, pid, walls } = await guest.facts;
    const seccomp = process.arch === "x64" ? ["seccomp"] : [];
    expect(walls).toEqual(["isolate", "process", "rlimits", "no-new-privs", "namespaces", ...seccomp]);
    expect(lacking).toBeUndefined();
    // Its own descriptors: nothing, nothing, the errors, the channel, and what its engine opens.
    expect(readdirSync(`/proc/${pid}/root`).toSorted()).toEqual(
      expect.arrayContaining(["guest.cjs", "isolated-vm.node", "node"]),
    );
    expect(readdirSync(`/proc/${pid}/root`)).not.toEqual(expect.arrayContaining(["proc"]));
    for (const folder of ["home", "root", "tmp", "dev", "sys", "var"]) {
      expect(readdirSync(`/proc/${pid}/root`)).not.toContain(folder);
    }
  });

  test("gives a guest no fewer walls because something killed the first attempt", async () => {
    const before = new Set(childrenOf(process.pid).map(({ pid }) => pid));
    const guest = spawnGuest({ programs: PROGRAMS });
    onTestFinished(async () => void (await guest.stop()));
    const [attempt] = childrenOf(process.pid).filter(({ pid }) => !before.has(pid));
    process.kill(attempt?.pid as number, "SIGKILL");
    const { walls } = await guest.facts;
    expect(walls).toContain("namespaces");
  });

  test("that refuses user namespaces runs with the other walls, and says what is lacking", () => {
    const { lacking, walls } = factsOn(NO_NAMESPACES, false);
    expect(walls).toEqual(["isolate", "process", "rlimits", "no-new-privs"]);
    expect(lacking).toMatch(LACKING);
  });

  test("that has no setpriv either still bounds what the guest may use", () => {
    const { lacking, walls } = factsOn(NO_SETPRIV, false);
    expect(walls).toEqual(["isolate", "process", "rlimits"]);
    expect(lacking).toMatch(LACKING);
  });

  test("that refuses them runs nothing where the sandbox is required", () => {
    const { code, message, walls } = factsOn(NO_NAMESPACES, true);
    expect(walls).toBeUndefined();
    expect(code).toBe("OS_SANDBOX_MISSING");
    expect(message).toMatch(/is required: bubblewrap: it exited with status 1, saying: bwrap: .*namespace/);
  });
});

test("bounds that the host is under are kept where they are narrower", () => {
  const narrow = ["-c", 'ulimit -t 1000; ulimit -n 50; exec "$@"', "sh"];
  const host = [process.execPath, join(import.meta.dirname, "facts.ts"), "false"];
  const { stdout } = spawnSync("/bin/sh", [...narrow, ...host], { encoding: "utf8" });
  expect((JSON.parse(stdout) as Facts).walls).toContain("rlimits");
});

test("a wall that does not show on the process is never named", () => {
  const strongest = wrappings()[0];
  if (strongest === undefined) throw new Error("no wrapping");
  const wrapping = { ...strongest, walls: ["rlimits", "namespaces", "seccomp", "another"] };
  expect(missingWalls(process.pid, wrapping)).toEqual(wrapping.walls);
});
