// The order of deliveries is all that may differ between two runs: an agent that asks everything it can for time, chance
// and place says the same thing twice, also where the host's zone, language and folder differ.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { xoshiro128 } from "../../src/enclosure/guest/random.ts";
import { temporaryFolder } from "../support/folder.ts";
import { play, START } from "./session.ts";

/** Everything that would tell time, chance or place. */
export const CURIOUS = `
  const said = [];
  const look = () => said.push([
    Date.now(), new Date().toISOString(), Date(), new Date().constructor.now(), new (class extends Date {})().getTime(),
    Reflect.construct(Date, [], Object).constructor === Object, new Intl.DateTimeFormat("en").format(),
    new Intl.DateTimeFormat("en", { timeStyle: "long" }).formatToParts().map((p) => p.value).join(""),
    String(Temporal.Now.instant()), String(Temporal.Now.zonedDateTimeISO()), String(Temporal.Now.plainDateISO()),
    String(Temporal.Now.plainTimeISO()), String(Temporal.Now.plainDateTimeISO()), Temporal.Now.timeZoneId(),
    performance.now(), performance.timeOrigin, new Date(0).toLocaleString(), (1234.5).toLocaleString(),
    new Intl.DateTimeFormat().resolvedOptions().timeZone, new Intl.NumberFormat().resolvedOptions().locale,
    new Date(2026, 5, 1).getTimezoneOffset(), Math.random(), Math.random(), crypto.randomUUID(),
    [...crypto.getRandomValues(new Uint8Array(9))], new Event("x").timeStamp, ["ä", "a", "z"].sort((a, b) => a.localeCompare(b)),
  ]);
  look();
  await Promise.all([capabilities.desk.get({ a: 1 }), capabilities.desk.get({ a: 2 })]);
  look();
  await new Promise((resolve) => setTimeout(resolve, 50));
  look();
  console.log("%s %d", "x", 1.5, new Map([[1, { a: -0 }]]), new Error("e").stack);
  const view = new DataView(new ArrayBuffer(8));
  let nan = 0; for (let i = 0; i < 20000; i++) nan = i % 0;
  view.setFloat64(0, nan);
  try { (function deep() { deep(); })(); } catch (e) { said.push(e.message); }
  return { said, bits: view.getBigUint64(0) };`;

describe("determinism", () => {
  test("two runs with the same deliveries say the same, to the byte", async () => {
    const first = await play(CURIOUS);
    const second = await play(CURIOUS);
    expect(first.done?.ok).toBe(true);
    expect(second.messages).toEqual(first.messages);
  });

  test("the host's zone, language and folder change nothing", async () => {
    const here = await play(CURIOUS);
    const script = join(import.meta.dirname, "elsewhere.ts");
    const env = { TZ: "America/New_York", LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" };
    const cwd = temporaryFolder();
    const there = execFileSync(process.execPath, [script], {
      env,
      cwd,
      input: CURIOUS,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(JSON.parse(there)).toEqual(JSON.parse(JSON.stringify(here.messages)));
  });

  test("another seed gives other draws", async () => {
    const body = "return [Math.random(), crypto.randomUUID()];";
    const first = await play(body);
    const second = await play(body, { seed: "01".repeat(32) });
    expect((first.output as unknown[])[0]).not.toBe((second.output as unknown[])[0]);
    expect((first.output as unknown[])[1]).not.toBe((second.output as unknown[])[1]);
  });

  test("one stream's draws shift no other", async () => {
    const { output: alone } = await play("return crypto.randomUUID();");
    const { output: after } = await play(
      "Math.random(); crypto.getRandomValues(new Uint8Array(5)); return crypto.randomUUID();",
    );
    expect(after).toBe(alone);
  });

  test("draws are counted", async () => {
    const { messages } = await play(
      "Math.random(); crypto.randomUUID(); await capabilities.desk.get({}); Math.random();",
    );
    const draws = messages.flatMap((message) => (message.type === "quiet" ? [message.draws] : []));
    expect(draws).toEqual([6, 8]);
  });

  test("time stands still within a turn and moves to the delivery's", async () => {
    const { output } = await play(
      "const a = Date.now(); for (let i = 0; i < 1e6; i++); const b = Date.now(); await capabilities.desk.get({}); return [a, b, Date.now(), performance.now()];",
    );
    expect(output).toEqual([START.nowMs, START.nowMs, START.nowMs + 1000, 1000]);
  });

  test("time never goes back", async () => {
    const { output } = await play("const a = Date.now(); await capabilities.desk.get({}); return Date.now() - a;", {
      stepMs: -5000,
    });
    expect(output).toBe(0);
  });
});

test("a DataView writes one NaN, however far the code that made it has been compiled", async () => {
  const { output } = await play(`
    const view = new DataView(new ArrayBuffer(8));
    const bits = new Set();
    const write = (a, b) => { view.setFloat64(0, a % b); bits.add(view.getBigUint64(0)); };
    for (let i = 0; i < 20_000; i++) write(i, 0);
    return [...bits];`);
  expect(output).toEqual([0x7ff8n << 48n]);
});

test("Date keeps the shape of the language's", async () => {
  const { output } = await play(`
    const d = new Date(5);
    class Sub extends Date {}
    return [Date.name, Date.length, d instanceof Date, Object.prototype.toString.call(d), new Sub(7).getTime(), new Sub() instanceof Sub,
      typeof Date(), Date.UTC(1970, 0), Date.parse("1970-01-01T00:00:00Z"), Object.keys(Date), Date.prototype.constructor === Date,
      structuredClone(d).getTime(), new Date(2020, 1).getMonth(), String(new Date(NaN))];`);
  expect(output).toEqual(["Date", 7, true, "[object Date]", 7, true, "string", 0, 0, [], true, 5, 1, "Invalid Date"]);
});

test("xoshiro128** gives the numbers that its authors' program gives", () => {
  const next = xoshiro128([1, 2, 3, 4]);
  const drawn = Array.from({ length: 8 }, () => next());
  expect(drawn).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
});
