// Attacks on the limits: each is a program that tries to take more than it was given, and must be ended by the limit
// that it ran into. They run side by side, since each of them only waits to be killed.
import { expect, test } from "vitest";
import type { Played } from "./session.ts";
import { play } from "./session.ts";

const MiB = 1024 * 1024;

function limitOf({ end }: Played): string {
  return end.kind === "limit" ? end.limit : JSON.stringify(end);
}

test.concurrent.for([
  ["an endless loop", "for (;;);"],
  ["a loop after an await", "await null; for (;;);"],
  ["a loop after a call", "await capabilities.desk.get({}); for (;;);"],
  ["microtasks that never end", "const f = () => Promise.resolve().then(f); f(); await new Promise(() => {});"],
  ["a loop in a timer", "setTimeout(() => { for (;;); }, 1); await new Promise(() => {});"],
  ["an error whose message loops", "throw { get message() { for (;;); } };"],
  ["a rejection nobody handles, whose message loops", "Promise.reject({ get message() { for (;;); } }); await 1;"],
  ["a result that loops when it is read", "return { get a() { for (;;); } };"],
  ["an argument that loops when it is read", "await capabilities.desk.get({ get a() { for (;;); } });"],
  ["refused calls without end", "for (;;) capabilities.desk.get({}).catch(() => {});"],
  ["one long native call", '"x".repeat(2 ** 24).replace(/x/g, "yy".repeat(3)); for (;;);'],
] as const)("the CPU limit ends %s", async ([, body]) => {
  expect(limitOf(await play(body, { limits: { cpuMs: 150 } }))).toBe("cpu");
});

test.concurrent.for([
  ["objects without end", "const kept = []; for (;;) kept.push(new Array(1000).fill({}));"],
  ["arrays of arrays, which crash V8", "let a = []; for (;;) a = [a, a, new Array(1e6).fill(1.5)];"],
  ["one huge array", "let v = new Array(100 * 1024 * 1024); let i = v.length; while (i--) v[i] = 0; for (;;);"],
  ["buffers without end", "const kept = []; for (;;) { try { kept.push(new Uint8Array(1e6).fill(1)); } catch {} }"],
  [
    "a text that doubles",
    'let t = "x".repeat(1024); const kept = []; for (;;) { kept.push((t += t + "y").split("")); }',
  ],
  ["a map without end", "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });"],
] as const)("the memory limit ends %s", async ([, body]) => {
  const limits = { memoryBytes: 48 * MiB, cpuMs: 60_000, wallMs: 60_000 };
  expect(limitOf(await play(body, { limits }))).toBe("memory");
});

test.concurrent("the wall limit ends an agent that waits, and stands still while paused", async () => {
  const played = await play("await new Promise((r) => setTimeout(r, 1e6));", {
    limits: { wallMs: 200 },
    holdTimers: true,
  });
  expect(limitOf(played)).toBe("wall");
  expect(played.end).toMatchObject({ max: 200 });
});

test.concurrent.for([
  ["lines", 'for (;;) console.log("x".repeat(1000));'],
  ["empty lines", "for (;;) console.log();"],
  ["notes", 'for (;;) note("x".repeat(1000));'],
  ["one huge line after others", 'console.log("x"); for (;;) console.log("x".repeat(2 ** 24));'],
] as const)("the log limit ends a flood of %s", async ([, body]) => {
  const played = await play(body, { limits: { logBytes: 100_000 } });
  expect(limitOf(played)).toBe("log");
  const heard = played.messages.filter(({ type }) => type === "log" || type === "note");
  expect(heard.length).toBeLessThanOrEqual(100_000 / 64);
});

test.concurrent("a text beyond what one may be is cut off, and says so", async () => {
  const { messages, output } = await play('note("n".repeat(40 * 2 ** 20)); return 1;', {
    limits: { logBytes: 64 * MiB, memoryBytes: 512 * MiB },
  });
  expect(output).toBe(1);
  const [note] = messages.flatMap((message) => (message.type === "note" ? [message.text] : []));
  expect(note).toBe(`${"n".repeat(2 ** 20)}… (${39 * 2 ** 20} characters more)`);
});

test.concurrent("the timer limit ends a flood of timers", async () => {
  const played = await play("for (;;) setTimeout(() => {}, 1e6);", { limits: { timers: 20 }, holdTimers: true });
  expect(played.end).toEqual({ kind: "limit", limit: "timers", used: 21, max: 20 });
  expect(played.messages.filter(({ type }) => type === "timerSet")).toHaveLength(20);
});

test.concurrent.for([
  ["one interval", "setInterval(() => {}, 1); await new Promise(() => {});"],
  ["many intervals", "for (let i = 0; i < 150; i++) setInterval(() => {}, 1); await new Promise(() => {});"],
  ["timers that arm timers", "const f = () => setTimeout(f, 1); f(); await new Promise(() => {});"],
  ["timers that are cleared at once", "for (;;) clearTimeout(setTimeout(() => {}, 1));"],
  ["signals that time out", "for (;;) await new Promise((r) => { AbortSignal.timeout(1).onabort = r; });"],
] as const)("the log limit ends the firing of %s", async ([, body]) => {
  const played = await play(body, { limits: { logBytes: 12_800 } });
  expect(played.end).toEqual({ kind: "limit", limit: "log", used: 12_864, max: 12_800 });
  expect(played.messages.filter(({ type }) => type === "timerSet")).toHaveLength(200);
});

test.concurrent("a huge argument is refused inside the guest, and said", async () => {
  const { output, messages } = await play(
    `
    const refusals = [];
    for (const text of ["x".repeat(2 ** 25), "é".repeat(600), "x".repeat(990)]) {
      await capabilities.desk.get({ text }).then(() => refusals.push("ok"), (e) => refusals.push(e.name + " " + e.code));
    }
    return refusals;`,
    { limits: { argumentBytes: 1024 }, answer: () => ({ ok: true, value: null }) },
  );
  const refused = "CapabilityDenied ARGUMENT_TOO_LARGE";
  expect(output).toEqual([refused, refused, "ok"]);
  expect(messages.filter(({ type }) => type === "call")).toHaveLength(1);
  expect(messages).toContainEqual({ type: "refusedInside", turn: 0, count: 2, code: "ARGUMENT_TOO_LARGE" });
});

test.concurrent("a call beyond the window is refused inside the guest, and said once a turn", async () => {
  const { output, messages } = await play(
    `
    const calls = Array.from({ length: 10 }, (_, i) => capabilities.desk.get({ i }));
    const settled = await Promise.allSettled(calls);
    return settled.map((s) => s.status === "fulfilled" ? s.value.i : s.reason.code);`,
    { limits: { inFlight: 3 } },
  );
  expect(output).toEqual([0, 1, 2, ...Array.from({ length: 7 }, () => "IN_FLIGHT_EXCEEDED")]);
  expect(messages).toContainEqual({ type: "refusedInside", turn: 0, count: 7, code: "IN_FLIGHT_EXCEEDED" });
});

test.concurrent("a huge error comes out bounded", async () => {
  const { done } = await play('const e = new Error("m".repeat(2 ** 25)); e.name = "n".repeat(1e6); throw e;');
  expect(done).toMatchObject({ ok: false, error: { name: "n".repeat(256), message: "m".repeat(8192) } });
});

test.concurrent("an output beyond the limit is the agent's failure", async () => {
  const { done } = await play('return "é".repeat(600);', { limits: { resultBytes: 1024 } });
  expect(done).toMatchObject({ ok: false, error: { code: "RESULT_TOO_LARGE" } });
});
