// A guest that dies never takes its host with it: every way for the process to end, at every moment of its life, leaves a
// host that goes on, a session that is closed on the record as what it was, and no process.
import { expect, test } from "vitest";
import { childrenOf } from "../end-to-end/desk.ts";
import { BUBBLEWRAP_WORKS } from "../support/bubblewrap.ts";
import type { Step } from "./fake-guest.ts";
import { makeFakeWorld } from "./fake-guest.ts";
import { bytesOf, loosen } from "./mutate.ts";

const frame = (header: { type: string; [field: string]: unknown }, body = ""): Uint8Array =>
  bytesOf(loosen({ header, body: Buffer.from(body) }));
const READY = frame({
  type: "ready",
  protocol: 1,
  node: "1",
  v8: "1",
  icu: "1",
  tz: "1",
  unicode: "1",
  cpuUs: 1,
  rssBytes: 1,
});
const NOTE = frame({ type: "note", turn: 0 }, "a note");
const CALL = frame(
  { type: "call", turn: 0, id: 1, capability: "files", fn: "readText", line: 0, column: 0 },
  '{"path":"/in/a.txt"}',
);
const DONE = frame({ type: "done", turn: 0, ok: true }, "1");
const many = (one: Uint8Array, times: number): Uint8Array => Buffer.concat(Array.from({ length: times }, () => one));

const up: readonly Step[] = [{ write: READY }, { read: true }];
const write = (bytes: Uint8Array): Step => ({ write: bytes });
const run = (code: string): Step => ({ run: code });
const signal = (name: string): Step => run(`process.kill(process.pid, "${name}"); stay();`);

const CRASHED = "crashed GUEST_CRASHED";
const LIMIT = "limit LIMIT_STRUCK";
/** Where a filter of system calls stands, a guest that signals dies of that. */
const QUIET = BUBBLEWRAP_WORKS && process.arch === "x64" ? CRASHED : LIMIT;

/** What it does once it is up, and how its session ends. */
const DEATHS: readonly (readonly [steps: readonly Step[], end: string])[] = [
  [[run("process.exit(0)")], CRASHED],
  [[run("process.exit(255)")], CRASHED],
  [[run("throw new Error('no')")], CRASHED],
  [[run("process.abort()")], CRASHED],
  [[run("(function f() { f(); })()")], CRASHED],
  ...["SIGKILL", "SIGSEGV", "SIGBUS", "SIGTRAP", "SIGILL", "SIGTERM", "SIGHUP", "SIGPIPE"].map(
    (name) => [[signal(name)], name === "SIGPIPE" ? QUIET : CRASHED] as const,
  ),
  // In the middle of a prefix, a header and a body, and between two frames.
  ...[1, 4, 8, 9, 30, NOTE.length - 1, NOTE.length].map(
    (length) => [[write(NOTE.subarray(0, length)), run("process.exit(0)")], CRASHED] as const,
  ),
  [[write(many(NOTE, 500)), signal("SIGKILL")], CRASHED],
  [[write(CALL), signal("SIGKILL")], CRASHED],
  [[write(CALL), { read: true }, signal("SIGSEGV")], CRASHED],
  [[write(DONE.subarray(0, DONE.length - 1)), run("process.exit(0)")], CRASHED],
  [[write(DONE), run("process.exit(1)")], "completed null"],
  [[write(DONE), run("for (;;);")], "completed null"],
  [[write(DONE), signal("SIGSTOP")], "completed null"],
  // It has hung up, or says nothing, and lives on.
  [[run("closeSync(3); for (;;);")], LIMIT],
  [[run("closeSync(3); setTimeout(() => process.exit(0), 100)")], CRASHED],
  [[signal("SIGSTOP")], QUIET],
  [[write(CALL), signal("SIGSTOP")], QUIET],
  [[run("process.on('SIGTERM', () => {}); for (;;);")], LIMIT],
  // Of its last words as many are heard as tell why it died.
  [[run("for (;;) writeSync(2, Buffer.alloc(65536, 'x'));")], CRASHED],
  [[run("const a = []; for (;;) a.push(Buffer.alloc(1e6, 1));")], LIMIT],
  // What it says of its own death is its claim.
  [[run("writeSync(2, 'out of memory'); process.abort()")], LIMIT],
  [[run("process.exit(71)")], LIMIT],
  [[run("process.exit(73)")], "crashed GUEST_PROTOCOL"],
];

const UNBORN: readonly (readonly Step[])[] = [
  [run("process.exit(0)")],
  [run("closeSync(3); process.exit(1)")],
  [signal("SIGKILL")],
  [write(READY.subarray(0, 20)), run("process.exit(0)")],
  [write(NOTE)],
  [write(Buffer.alloc(8, 0xff))],
  [
    write(
      frame({
        type: "ready",
        protocol: 1,
        node: "\ud800",
        v8: "1",
        icu: "1",
        tz: "1",
        unicode: "1",
        cpuUs: 1,
        rssBytes: 1,
      }),
    ),
  ],
];

test("a host outlives every death of a guest, and records what it was", async () => {
  const world = await makeFakeWorld();
  const told: (readonly [session: string, end: string])[] = [];
  for (const [steps] of DEATHS) {
    const { error, session, status } = await world.run([...up, ...steps]);
    told.push([session, `${status} ${error?.code ?? null}`]);
  }
  for (const steps of UNBORN) {
    await expect(world.run(steps)).rejects.toMatchObject({ code: "GUEST_START_FAILED" });
  }
  const after = await world.runAgent("export default () => 7;\n");
  expect(after).toMatchObject({ status: "completed", output: 7 });

  const short = (step: Step): string => ("write" in step ? `${step.write.length} bytes` : JSON.stringify(step));
  const describe = (steps: readonly Step[], end: string | undefined): string => `${steps.map(short).join()}: ${end}`;
  expect(DEATHS.map(([steps], i) => describe(steps, told[i]?.[1]))).toEqual(
    DEATHS.map(([steps, end]) => describe(steps, end)),
  );
  const { ends, valid } = await world.close();
  expect(valid).toBe(true);
  expect([...ends].toSorted()).toEqual([...told, [after.session, "completed null"] as const].toSorted());
  expect(childrenOf(process.pid).filter(({ command }) => command.includes("guest-"))).toEqual([]);
});
