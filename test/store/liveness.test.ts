import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { newPlace } from "./logs.ts";
import { runChild, runComer } from "./processes.ts";
import { type HeldLife, Liveness } from "../../src/store/liveness.ts";
import { temporaryFolder } from "../support/folder.ts";

const boot = "0123456789abcdef";

function make(): { readonly liveness: Liveness; readonly folder: string; readonly hold: (boot: string) => HeldLife } {
  const path = join(temporaryFolder(), "audit.db");
  const liveness = new Liveness(path);
  liveness.makeFolder();
  liveness.makeFolder();
  const hold = (one: string): HeldLife => {
    const life = liveness.hold(one);
    onTestFinished(() => life.end("leave"));
    return life;
  };
  return { liveness, folder: `${path}.live`, hold };
}

describe("Liveness", () => {
  it("knows a process that holds its lock from one that does not", () => {
    const { liveness, hold } = make();
    expect(liveness.isLive(boot)).toBe(false);
    const life = hold(boot);
    expect(liveness.isLive(boot)).toBe(true);
    expect(liveness.dead()).toEqual([]);
    life.end("leave");
    expect(liveness.isLive(boot)).toBe(false);
    expect(liveness.dead()).toEqual([boot]);
  });

  it("says so where nobody can tell, though the whole folder is gone", () => {
    const { liveness, folder, hold } = make();
    expect(liveness.stateOf(boot)).toBe("unknown");
    const life = hold(boot);
    expect([liveness.stateOf(boot), liveness.boots()]).toEqual(["live", [boot]]);
    life.end("leave");
    expect(liveness.stateOf(boot)).toBe("dead");
    rmSync(folder, { recursive: true });
    expect([liveness.stateOf(boot), liveness.boots(), liveness.dead()]).toEqual(["unknown", [], []]);
  });

  it("is not fooled by those who only look", () => {
    const { liveness, hold } = make();
    hold(boot);
    for (let i = 0; i < 3; i++) expect([liveness.isLive(boot), liveness.isLive(boot)]).toEqual([true, true]);
  });

  it("buries the dead and never the living", () => {
    const { liveness, folder, hold } = make();
    const life = hold(boot);
    liveness.bury(boot);
    expect(readdirSync(folder)).toContain(boot);
    expect(liveness.isLive(boot)).toBe(true);
    life.end("leave");
    liveness.bury(boot);
    liveness.bury(boot);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes its file away when it ends in order", () => {
    const { folder, hold } = make();
    hold(boot).end("remove");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("holds while many processes come and go at once, and bury each other's dead", async () => {
    const path = join(temporaryFolder(), "audit.db");
    const comers = ["1", "2", "3", "4", "5", "6"].map((which) => runComer(path, which, 60));
    for (const end of await Promise.all(comers)) expect(end).toEqual({ code: 0, stderr: "" });
  });

  it("leaves one file alone where its process is killed", async () => {
    const place = newPlace();
    await runChild(place, { sessions: 1, calls: 500, killAfter: 3 });
    expect(readdirSync(`${place.path}.live`)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
  });

  it("passes over what is not a lock", () => {
    const { liveness, folder } = make();
    writeFileSync(join(folder, "README"), "a note");
    expect(liveness.dead()).toEqual([]);
  });
});
