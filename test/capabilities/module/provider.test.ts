import { watch } from "node:fs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { PerformContext } from "../../../src/broker/contract.ts";
import { CLOSE_GRACE_MS, MODULE_LOAD_MS_MAX } from "../../../src/base/limits.ts";
import { isFault, type EnclosureError } from "../../../src/base/errors.ts";
import { describeModule, startModule } from "../../../src/capabilities/module/provider.ts";
import { providerConformance } from "../conformance.ts";
import { moduleText, optionsOf, startDesk, written } from "./desk.ts";

const CANARY = "canary-1f0c9a77";
const context = (signal = new AbortController().signal): PerformContext => ({ signal, resultBytesMax: 100_000 });

/** Resolves once a module has written `name` into its folder. */
function writtenIn(folder: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, () => {
      if (written(folder, name) === "") return;
      watcher.close();
      resolve();
    });
  });
}

async function faultOf(text: string): Promise<EnclosureError> {
  const options = await optionsOf(text);
  try {
    const { provider } = await startModule(options);
    await provider.close();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
  throw new Error("expected the module to be refused");
}

/** Timers that a test fires itself. */
function handTimers() {
  const armed = new Map<number, { ms: number; fn: () => void }>();
  let count = 0;
  const after = (ms: number, fn: () => void): (() => void) => {
    const id = ++count;
    armed.set(id, { ms, fn });
    return () => void armed.delete(id);
  };
  const fire = (ms: number): void => {
    for (const [id, timer] of armed) {
      if (timer.ms !== ms) continue;
      armed.delete(id);
      timer.fn();
    }
  };
  const has = (ms: number): boolean => [...armed.values()].some((timer) => timer.ms === ms);
  return { timers: { after }, fire, has };
}

const UNTIL_ABORTED = `(_args, { signal }) => new Promise((_resolve, reject) => {
  signal.addEventListener("abort", () => reject(signal.reason));
  writeFileSync(env.FOLDER + "/begun", "x");
})`;
const ECHO = '{ name: "echo", effect: "read", run: (args) => args }';

providerConformance("module", async () => {
  const text = moduleText(
    `{ name: "good", effect: "read", run: () => { appendFileSync(env.FOLDER + "/done", "x"); return 1; } },
     { name: "failing", effect: "read", run: () => { throw new Error("ENOENT: " + env.FOLDER); } },
     { name: "huge", effect: "read", run: () => "x".repeat(1_000_000) },
     { name: "echoing", effect: "read", run: (args) => ({ args, env: { ...process.env, ...env } }) },
     { name: "endless", effect: "write", run: ${UNTIL_ABORTED} }`,
  );
  process.env["MODULE_TEST_CANARY"] = CANARY;
  const desk = await startDesk(text);
  let held = 1;
  const { provider } = desk;
  const counted = {
    perform: provider.perform.bind(provider),
    close: async () => {
      await provider.close();
      held = 0;
    },
  };
  return {
    provider: counted,
    good: desk.call("good"),
    failing: desk.call("failing"),
    huge: desk.call("huge"),
    echoing: desk.call("echoing"),
    endless: { call: desk.call("endless"), begun: writtenIn(desk.folder, "begun") },
    unspeakable: [CANARY, "ENOENT"],
    performed: () => written(desk.folder, "done").length,
    held: () => held,
  };
});

describe("startModule()", () => {
  it("gives the functions that the module defines, in its order", async () => {
    const input = { type: "object", properties: { id: { type: "string" } } };
    const desk = await startDesk(
      moduleText(
        `{ name: "b", effect: "write", description: "Does b.", input: ${JSON.stringify(input)}, output: true, run: () => 1 }, ${ECHO}`,
      ),
    );
    expect(desk.table).toEqual([
      { name: "b", effect: "write", description: "Does b.", input, output: true },
      { name: "echo", effect: "read" },
    ]);
  });

  it("takes a factory without defineModule, and a module's packages and state", async () => {
    const text = `let count = 0; export default () => [{ name: "next", effect: "write", run: () => ++count }];`;
    const [one, other] = await Promise.all([startDesk(text), startDesk(text)]);
    const next = async (desk: typeof one): Promise<unknown> => desk.provider.perform(desk.call("next"), context());
    expect([await next(one), await next(one), await next(other)]).toMatchObject([
      { value: 1 },
      { value: 2 },
      { value: 1 },
    ]);
  });

  it("tells everything that is wrong with the functions at once", async () => {
    const fault = await faultOf(
      moduleText(`{ name: "two words", effect: "read", run: () => 1 }, { name: "then", effect: "read", run: () => 1 },
        { name: "a", effect: "reads", run: 5, colour: 1 }, ${ECHO}, ${ECHO}, 5,
        { name: "b", effect: "read", description: 1, input: "text", output: { type: () => 1 }, run: () => 1 }`),
    );
    expect(fault.code).toBe("MODULE_INVALID");
    expect(fault.problems.map(({ message }) => message)).toEqual([
      'capability 1 has the name "two words": expected an identifier of at most 64 characters',
      'capability 2 has the name "then": expected an identifier of at most 64 characters',
      'function "a" has an unknown key "colour"',
      'function "a" has the effect "reads": expected read, write or irreversible',
      'function "a" has no function `run`',
      'function "echo" is defined twice',
      "capability 6 is not an object that defineCapability made",
      'function "b" has a description that is no text',
      'function "b" has an input that is neither a Standard Schema nor a JSON Schema',
      'function "b" has an output that is neither a Standard Schema nor a JSON Schema',
    ]);
    expect(fault.problems.every(({ file }) => file?.endsWith("desk.ts"))).toBe(true);
  });

  it.each([
    [
      "throws while it is loaded",
      "export const x = 1;\nthrow new RangeError('no data');",
      /threw while it was loaded: RangeError: no data/,
    ],
    [
      "throws in its factory",
      "export default () => { throw new Error('no env'); };",
      /threw in its factory: Error: no env/,
    ],
    [
      "throws something odd",
      "throw { toString() { throw 1; } };",
      /threw while it was loaded: threw something that cannot be shown/,
    ],
    ["has no factory", "export const x = 1;", /no default export/],
    ["has no functions", "export default () => [];", /defines no function/],
    ["returns no array", "export default () => ({});", /no array/],
    ["ends its thread", "process.exit(3);", /thread ended/],
    [
      "rejects in the background",
      "void Promise.reject(new Error('floating')); await new Promise(() => {});",
      /thread ended/,
    ],
  ])("says MODULE_INVALID of a module that %s", async (_what, text, message) => {
    const fault = await faultOf(text);
    expect([fault.code, fault.problems.length]).toEqual(["MODULE_INVALID", 1]);
    expect(fault.message).toMatch(message);
  });

  it("names the line on which a module threw", async () => {
    const fault = await faultOf(
      "interface Gone { x: 1 }\n\nconst data: string[] = [];\nthrow new Error(String(data));",
    );
    expect(fault.problems).toMatchObject([{ line: 4, column: 7 }]);
  });

  it("gives up on a module that is not ready in time, or when it is told to", async () => {
    const text = moduleText(ECHO, "await new Promise((resolve) => setTimeout(resolve, 1e9));");
    const { timers, fire } = handTimers();
    const slow = startModule(await optionsOf(text, { timers }));
    fire(MODULE_LOAD_MS_MAX);
    await expect(slow).rejects.toMatchObject({
      code: "MODULE_INVALID",
      message: expect.stringContaining("not ready after"),
    });
    const abort = new AbortController();
    const interrupted = startModule(await optionsOf(text, { signal: abort.signal }));
    abort.abort();
    await expect(interrupted).rejects.toMatchObject({ code: "SESSION_INTERRUPTED" });
    await expect(startModule(await optionsOf(text, { signal: abort.signal }))).rejects.toThrow("interrupted");
  });

  it("describes a module for the lock, and leaves nothing running", async () => {
    expect(await describeModule(await optionsOf(moduleText(ECHO, "setInterval(() => {}, 1000);")))).toEqual([
      { name: "echo", effect: "read" },
    ]);
  });
});

describe("the module provider", () => {
  it("passes values as they are: dates, bytes, big integers, undefined", async () => {
    const desk = await startDesk(moduleText(`${ECHO}, { name: "nothing", effect: "read", run: () => {} }`));
    const args = { at: new Date(5), bytes: new Uint8Array([1, 2]), big: 12n, list: [null, -0, NaN], $type: "mine" };
    expect(await desk.provider.perform(desk.call("echo", args), context())).toEqual({ kind: "value", value: args });
    expect(await desk.provider.perform(desk.call("nothing"), context())).toEqual({ kind: "value", value: undefined });
  });

  it("gives the module its declared environment and nothing else of the host's", async () => {
    process.env["MODULE_TEST_CANARY"] = CANARY;
    const text = moduleText(
      '{ name: "env", effect: "read", run: () => [{ ...process.env }, { ...env }, process.argv.length, process.execArgv] }',
    );
    const desk = await startDesk(text, { env: { REGION: "eu" } });
    expect(await desk.provider.perform(desk.call("env"), context())).toEqual({
      kind: "value",
      value: [{ REGION: "eu" }, { REGION: "eu" }, 2, []],
    });
  });

  it("keeps what the module prints from the program's output, and its end for the account of a failure", async () => {
    const said: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
    onTestFinished(() => void vi.restoreAllMocks());
    const text = moduleText(
      `{ name: "talk", effect: "read", run: () => {
          console.log("x".repeat(100_000)); console.error("last words"); setImmediate(() => process.exit(7)); return new Promise(() => {}); } }`,
    );
    const desk = await startDesk(text);
    const ended = await desk.provider.perform(desk.call("talk"), context());
    expect(ended).toMatchObject({ kind: "unknown", code: "MODULE_STOPPED" });
    const { detail = "" } = ended as { detail?: string };
    expect(detail).toContain("status 7");
    expect(detail).toContain("xxx");
    expect(detail.length).toBeLessThan(20_000);
    expect(said.join("")).not.toContain("xxx");
  });

  it("says `failed` of a throw, with the module's own stack for the host alone", async () => {
    const desk = await startDesk(
      moduleText('{ name: "fail", effect: "write", run: async () => { throw new TypeError("secret reason"); } }'),
    );
    const ended = await desk.provider.perform(desk.call("fail"), context());
    expect(ended).toMatchObject({ kind: "failed", code: "CALL_FAILED", message: "the host module's function failed" });
    expect((ended as { detail: string }).detail).toMatch(/TypeError: secret reason[^]*desk\.ts:4/);
  });

  it("says `unknown` of a write whose result cannot be given, and `failed` of a read", async () => {
    const desk = await startDesk(
      moduleText(`{ name: "read", effect: "read", run: () => Symbol() }, { name: "write", effect: "write", run: () => () => 1 },
        { name: "large", effect: "write", run: () => "é".repeat(60_000) }`),
    );
    const perform = (fn: string) => desk.provider.perform(desk.call(fn), context());
    expect(await perform("read")).toMatchObject({ kind: "failed", code: "RESULT_INVALID" });
    expect(await perform("write")).toMatchObject({ kind: "unknown", code: "RESULT_INVALID" });
    expect(await perform("large")).toMatchObject({ kind: "unknown", code: "RESULT_TOO_LARGE" });
  });

  it.each([
    ["a rejection that nobody handles", "void Promise.reject(new Error('floating'))", /floating/],
    ["an error that nobody catches", "setImmediate(() => { throw new Error('uncaught'); })", /uncaught/],
    ["process.exit", "process.exit(5)", /status 5/],
    [
      "more memory than it may have",
      "for (let kept = null; ; ) kept = { kept, pad: new Array(10_000).fill(0) }",
      /memory/i,
    ],
  ])("%s ends the module's thread alone: running calls are unknown, later ones fail", async (_what, harm, account) => {
    const desk = await startDesk(
      moduleText(`${ECHO}, { name: "wait", effect: "write", run: () => new Promise(() => {}) },
        { name: "harm", effect: "write", run: () => { ${harm}; return new Promise(() => {}); } }`),
    );
    const running = [
      desk.provider.perform(desk.call("wait"), context()),
      desk.provider.perform(desk.call("harm"), context()),
    ];
    for (const ended of await Promise.all(running))
      expect(ended).toMatchObject({ kind: "unknown", code: "MODULE_STOPPED", detail: expect.stringMatching(account) });
    const later = await desk.provider.perform(desk.call("echo"), context());
    expect(later).toMatchObject({ kind: "failed", code: "MODULE_STOPPED", detail: expect.stringMatching(account) });
  });

  it("is not held up by an endless loop: others run, and closing ends it after the grace", async () => {
    const { timers, fire, has } = handTimers();
    const text = moduleText(
      '{ name: "spin", effect: "write", run: () => { writeFileSync(env.FOLDER + "/begun", "x"); for (;;); } }',
    );
    const desk = await startDesk(text, { timers });
    const other = await startDesk(moduleText(ECHO));
    const begun = writtenIn(desk.folder, "begun");
    const spinning = desk.provider.perform(desk.call("spin"), context());
    await begun;
    expect(await other.provider.perform(other.call("echo", { a: 1 }), context())).toMatchObject({ value: { a: 1 } });
    const closed = desk.provider.close();
    expect(has(CLOSE_GRACE_MS)).toBe(true);
    fire(CLOSE_GRACE_MS);
    await closed;
    expect(await spinning).toMatchObject({ kind: "unknown", code: "MODULE_STOPPED" });
  });

  it("passes cancellation on, and says what is known: failed for a read, unknown for a write", async () => {
    for (const [effect, kind] of [
      ["read", "failed"],
      ["write", "unknown"],
    ] as const) {
      const desk = await startDesk(moduleText(`{ name: "wait", effect: "${effect}", run: ${UNTIL_ABORTED} }`));
      const begun = writtenIn(desk.folder, "begun");
      const abort = new AbortController();
      const waiting = desk.provider.perform(desk.call("wait"), context(abort.signal));
      await begun;
      abort.abort();
      expect(await waiting).toMatchObject({
        kind,
        code: "CALL_CANCELLED",
        detail: expect.stringContaining("AbortError"),
      });
    }
  });

  it("does not wait for ever for a function that ignores its cancellation", async () => {
    const { timers, fire, has } = handTimers();
    const text = moduleText('{ name: "deaf", effect: "read", run: () => new Promise(() => {}) }');
    const desk = await startDesk(text, { timers });
    const abort = new AbortController();
    const waiting = desk.provider.perform(desk.call("deaf"), context(abort.signal));
    abort.abort();
    expect(has(CLOSE_GRACE_MS / 2)).toBe(true);
    fire(CLOSE_GRACE_MS / 2);
    expect(await waiting).toEqual({ kind: "unknown", code: "CALL_CANCELLED", message: "the call was cancelled" });
    const closed = desk.provider.close();
    fire(CLOSE_GRACE_MS);
    await closed;
  });

  it("tells the module of the session's end, in time for it to put things away", async () => {
    const text = moduleText(
      `{ name: "open", effect: "write", run: () => { signal.addEventListener("abort", () => writeFileSync(env.FOLDER + "/away", "done")); } }`,
    );
    const desk = await startDesk(text);
    await desk.provider.perform(desk.call("open"), context());
    await desk.provider.close();
    expect(written(desk.folder, "away")).toBe("done");
  });
});

describe("a Standard Schema", () => {
  const SCHEMAS = `
    const issue = (message, ...path) => ({ issues: [{ message, path }] });
    const amount = { "~standard": { version: 1, vendor: "test", validate: async (value) =>
      typeof value.amount === "number" ? { value: { amount: value.amount * 2 } } : issue("library text " + env.FOLDER, "amount", { key: "cents" }),
      jsonSchema: { input: ({ target }) => ({ $schema: target, type: "object", required: ["amount"],
        properties: { amount: { type: "number", format: "x", pattern: "y" }, kind: { oneOf: [{ const: 1 }, { not: {} }] }, rec: { $ref: "#" } } }),
        output: () => { throw new Error("a transformation has none"); } } } };
    const text = Object.assign(() => {}, { "~standard": { version: 1, vendor: "test", validate: (value) => typeof value === "string" ? { value } : issue("not a text") } });
    const old = { toJSONSchema: () => ({ type: "string", format: "email" }), ...text };`;
  const text = moduleText(
    `{ name: "pay", effect: "write", input: amount(env), output: text, run: ({ amount }) => amount > 10 ? amount : "paid " + amount },
     { name: "old", effect: "read", input: old, output: amount(env), run: (args) => args }`,
    SCHEMAS.replace("const amount = ", "const amount = (env) => (").replace('none"); } } } };', 'none"); } } } });'),
  );

  it("is validated in the module's thread: what it makes of the argument is what runs", async () => {
    const desk = await startDesk(text);
    const perform = (fn: string, args: unknown) => desk.provider.perform(desk.call(fn, args), context());
    expect(await perform("pay", { amount: 3 })).toEqual({ kind: "value", value: "paid 6" });
    expect(await perform("pay", { amount: "3" })).toEqual({
      kind: "failed",
      code: "ARGUMENT_INVALID",
      message: "the argument does not fit at amount.cents",
      detail: `amount.cents: library text ${desk.folder}`,
    });
    expect(await perform("pay", { amount: 30 })).toMatchObject({
      kind: "unknown",
      code: "RESULT_INVALID",
      detail: "(whole): not a text",
    });
  });

  it("stands in the table as the JSON Schema that it says it is, loosened to what a manifest's checker takes", async () => {
    const desk = await startDesk(text);
    expect(desk.table).toEqual([
      {
        name: "pay",
        effect: "write",
        input: {
          type: "object",
          required: ["amount"],
          properties: { amount: { type: "number" }, kind: { anyOf: [{ const: 1 }, {}] }, rec: {} },
        },
      },
      { name: "old", effect: "read", input: { type: "string" } },
    ]);
  });
});
