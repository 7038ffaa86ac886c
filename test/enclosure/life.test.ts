// How a guest process begins and ends, and that none outlives its host.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import type { Guest, GuestMessage } from "../../src/enclosure/contract.ts";
import { parseStat, readPageBytes, readUse } from "../../src/enclosure/proc.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { BUBBLEWRAP, BUBBLEWRAP_WORKS, NO_NAMESPACES } from "../support/bubblewrap.ts";
import { temporaryFolder } from "../support/folder.ts";
import { play, PROGRAMS, START } from "./session.ts";

/** Says more than the guest process queues within a turn, so that its host learns that the agent runs; then loops. */
const LOOP = '"use strict"; (async () => { for (let i = 0; i < 5; i++) console.log("x".repeat(16000)); for (;;); })';
const FLOOD = '"use strict"; (async () => { for (;;) try { console.log("x"); } catch {} })';
/** A rejection that nobody handles, whose message is read where no time-out reaches. */
const TRAP = `"use strict"; (async () => {
  for (let i = 0; i < 5; i++) console.log("x".repeat(16000));
  Promise.reject({ get message() { for (;;); } });
  await new Promise(() => {});
})`;
const IDLE = '"use strict"; (() => new Promise(() => {}))';

function openGuest(programs: Partial<typeof PROGRAMS> = {}): Guest {
  const guest = spawnGuest({ programs: { ...PROGRAMS, ...programs } });
  onTestFinished(async () => void (await guest.stop()));
  return guest;
}

/** Resolves when no process of this number lives. */
async function gone(pid: number): Promise<void> {
  while (readUse(pid, 1) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A host process, started by the command `inside` where there is one, and its guest. */
async function hostWith(
  script: string,
  wallMs: number,
  inside: readonly string[] = [],
): Promise<{ host: ReturnType<typeof spawn>; pid: number }> {
  const command = [...inside, process.execPath, join(import.meta.dirname, "host.ts"), script, `${wallMs}`];
  const host = spawn(command[0] as string, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void host.kill("SIGKILL"));
  for await (const line of createInterface({ input: host.stdout })) return { host, pid: Number(line) };
  throw new Error("the host said nothing");
}

describe("a guest process", () => {
  test("tells what it is", async () => {
    const { facts } = await play("return 1;");
    expect(facts.versions.node).toBe(process.versions.node);
    expect(facts.versions.isolatedVm).toMatch(/^\d+\.\d+\.\d+$/);
    expect(facts.walls.slice(0, 2)).toEqual(["isolate", "process"]);
    expect(facts.lacking === undefined).toBe(facts.walls.includes("namespaces"));
    expect(facts.flags).toContain("--permission");
    expect(facts.prelude).toBe(readFileSync(PROGRAMS.prelude, "utf8"));
  });

  test("has an environment, a folder and descriptors of its own", async () => {
    const guest = openGuest();
    const { pid } = await guest.facts;
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").filter(Boolean).toSorted();
    expect(environment.filter((entry) => entry !== "PWD=/")).toEqual(["LC_ALL=en_US.UTF-8", "TZ=UTC"]);
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^PPid:\s+\d+/m);
    expect(existsSync(`/proc/${pid}/fd/3`)).toBe(true);
  });

  test("has none of the descriptors that its host was started with", async () => {
    // Node closes those that it sees for its children, and sees none beyond a gap.
    const opening = ["bash", "-c", 'exec 40<"$0"; exec "$@"', import.meta.filename];
    const { host, pid } = await hostWith(LOOP, 60_000, opening);
    expect(readlinkSync(`/proc/${host.pid}/fd/40`)).toBe(import.meta.filename);
    expect(existsSync(`/proc/${pid}/fd/40`)).toBe(false);
    host.stdin?.end("exit");
    await once(host, "exit");
  });

  test("is dead and reaped when stop() has resolved", async () => {
    const guest = openGuest();
    const { pid } = await guest.facts;
    expect(await guest.stop()).toEqual({ kind: "stopped" });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await guest.stop()).toEqual({ kind: "stopped" });
  });

  test("can be stopped before it is ready", async () => {
    const guest = openGuest();
    expect(await guest.stop()).toEqual({ kind: "stopped" });
    await expect(guest.facts).rejects.toMatchObject({ code: "GUEST_START_FAILED" });
  });

  test("that somebody kills is a crash that names the signal", async () => {
    const guest = openGuest();
    const { pid } = await guest.facts;
    guest.start({ ...START, script: IDLE }, () => {});
    process.kill(pid, "SIGKILL");
    expect(await guest.ended).toEqual({ kind: "crashed", detail: "it died of SIGKILL" });
  });

  test("ignores what is delivered after its end", async () => {
    const guest = openGuest();
    await guest.facts;
    guest.start({ ...START, script: IDLE }, () => {});
    await guest.stop();
    expect(() => guest.deliver({ type: "timerFired", turn: 1, nowMs: 1, id: 1 })).not.toThrow();
  });

  test("is told of a script that does not compile as the agent's failure", async () => {
    const guest = openGuest();
    await guest.facts;
    const messages: GuestMessage[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    guest.start({ ...START, script: "(" }, (message) => {
      messages.push(message);
      if (message.type === "quiet") resolve();
    });
    await promise;
    expect(messages[0]).toMatchObject({ type: "done", ok: false, error: { name: "SyntaxError" } });
  });
});

describe("a guest that cannot be started", () => {
  test.for([
    ["a program that is not there", { guest: "/nowhere/guest.cjs" }],
    ["a prelude that is not there", { prelude: "/nowhere/prelude.js" }],
  ] as const)("fails with GUEST_START_FAILED for %s", async ([, programs]) => {
    const guest = openGuest(programs);
    await expect(guest.facts).rejects.toMatchObject({ code: "GUEST_START_FAILED" });
    expect(await guest.ended).toMatchObject({ kind: "crashed" });
  });

  test.for([
    ["says another protocol", '{"type":"ready","protocol":99}', "another version of the protocol"],
    ["says something else first", '{"type":"log","turn":0,"level":"info"}', "log instead of ready"],
  ] as const)("is killed when it %s", async ([, header, detail]) => {
    const program = join(temporaryFolder(), "guest.cjs");
    const write = `const h = Buffer.from(${JSON.stringify(header)}); const p = Buffer.alloc(8); p.writeUInt32BE(h.length, 0);`;
    writeFileSync(
      program,
      `${write} require("node:fs").writeSync(3, Buffer.concat([p, h])); setInterval(() => {}, 1e6);`,
    );
    const guest = openGuest({ guest: program });
    await expect(guest.facts).rejects.toMatchObject({ code: "GUEST_START_FAILED" });
    expect(await guest.ended).toEqual({ kind: "protocol", detail });
  });

  test("without /proc its limits could not be kept, which is said", () => {
    expect(() => readPageBytes("/nowhere/auxv")).toThrow(expect.objectContaining({ code: "GUEST_START_FAILED" }));
  });
});

describe("the limits' watchdog", () => {
  test("lets the wall clock stand still while paused", async () => {
    const guest = openGuest();
    await guest.facts;
    guest.start({ ...START, script: IDLE, limits: { ...DEFAULT_SESSION_LIMITS, wallMs: 150 } }, () => {});
    guest.pauseWall();
    const first = await Promise.race([guest.ended, new Promise((resolve) => setTimeout(resolve, 300, "still there"))]);
    expect(first).toBe("still there");
    guest.resumeWall();
    expect(await guest.ended).toMatchObject({ kind: "limit", limit: "wall", max: 150 });
  });

  test("reads a process's use, whatever its name", () => {
    const stat = "7 (a) R) Z 1) S 1 7 7 0 -1 4194560 1 0 0 0 12 3 0 0 20 0 1 0 777 1000 50 18446744073709551615";
    expect(parseStat(stat, 4096)).toEqual({
      cpuMs: 150,
      residentBytes: 50 * 4096,
      threads: 1,
      headless: false,
      began: "777",
    });
    expect(parseStat(stat.replace(") S 1", ") Z 1"), 4096)).toBeUndefined();
    expect(parseStat(stat.replace(") S 1", ") Z 1").replace(" 20 0 1 0", " 20 0 3 0"), 4096)).toMatchObject({
      threads: 3,
      headless: true,
    });
    const self = readUse(process.pid, readPageBytes());
    expect(Math.abs((self?.residentBytes ?? 0) / process.memoryUsage.rss() - 1)).toBeLessThan(0.5);
  });
});

describe("a host that ends", () => {
  test.for([
    ["waits", "SIGKILL", IDLE, 60_000],
    ["waits", "SIGTERM", IDLE, 60_000],
    ["loops", "SIGKILL", LOOP, 300],
    ["speaks without end", "SIGKILL", FLOOD, 60_000],
  ] as const)("takes a guest that %s with it (by %s)", async ([, signal, script, wallMs]) => {
    const { host, pid } = await hostWith(script, wallMs);
    host.kill(signal);
    await once(host, "exit");
    await expect(gone(pid)).resolves.toBeUndefined();
  });

  test.skipIf(!BUBBLEWRAP_WORKS).for([
    ["in bubblewrap", []],
    ["started by setpriv", [BUBBLEWRAP, ...NO_NAMESPACES, "--die-with-parent", "--"]],
  ] as const)("takes a guest that no time-out ends with it by SIGKILL, %s", async ([, inside]) => {
    for (const script of [LOOP, TRAP]) {
      const { host, pid } = await hostWith(script, 3_600_000, inside);
      host.kill("SIGKILL");
      await once(host, "exit");
      await expect(gone(pid)).resolves.toBeUndefined();
    }
  });

  test("by exiting takes a looping guest with it at once", async () => {
    const { host, pid } = await hostWith(LOOP, 60_000);
    host.stdin?.end("exit");
    await once(host, "exit");
    await expect(gone(pid)).resolves.toBeUndefined();
  });

  test("with its main thread stuck still has its watchdog", async () => {
    const { host, pid } = await hostWith(LOOP, 300);
    host.stdin?.end("hang");
    await expect(gone(pid)).resolves.toBeUndefined();
  });
});
