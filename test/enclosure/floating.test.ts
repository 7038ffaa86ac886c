// A denial that nobody caught leaves a line; one that somebody asked for, in whatever way, leaves none.
import { expect, test } from "vitest";
import type { PlayOptions } from "./session.ts";
import { play } from "./session.ts";

const denyPut: PlayOptions = {
  answer: ({ fn }, args) =>
    fn === "put"
      ? { ok: false, error: { name: "CapabilityDenied", code: "ARGUMENT_INVALID", message: "no" } }
      : { ok: true, value: args },
};

test("a floating call that is denied is said on the record, in the turn of its outcome", async () => {
  const body = `
    const { desk } = capabilities;
    void desk.put({ bad: 1 });
    for (let i = 0; i < 300000; i++) ({ i });
    await desk.get({});
    await desk.get({});
    return "ok";`;
  const { messages, output } = await play(body, denyPut);
  expect(output).toBe("ok");
  expect(messages.filter(({ type }) => type === "log")).toEqual([
    { type: "log", turn: 1, level: "error", text: "unhandled rejection: CapabilityDenied: no" },
  ]);
  expect((await play(body, denyPut)).messages).toEqual(messages);
});

test("many of one turn make one line", async () => {
  const { messages } = await play(
    `
    const { desk } = capabilities;
    for (let i = 0; i < 3; i++) desk.put(() => {});
    for (let i = 0; i < 3; i++) desk.put(() => {}, 1, { signal: AbortSignal.abort() });
    await desk.get({});`,
  );
  expect(messages.filter(({ type }) => type === "log")).toMatchObject([
    { turn: 0, text: "unhandled rejection: CodecError: a function cannot cross (and 5 more)" },
  ]);
});

test("a denial that somebody asked for leaves no line, and its promise is the language's", async () => {
  const { messages, output } = await play(
    `
    const { put } = capabilities.desk;
    const tries = [
      async () => await put({}), () => put({}), async () => put({}), () => put({}).then(), () => Promise.all([put({})]),
      () => Promise.any([put({})]), () => new Promise((resolve) => resolve(put({}))), () => put({}).finally(() => {}),
      async () => { for await (const one of [put({})]) return one; },
      async () => { const late = put({}); await capabilities.desk.get({}); await late; },
    ];
    const said = [];
    for (const attempt of tries) said.push(await attempt().then(() => "kept", () => "caught"));
    const one = put({});
    one.catch(() => {});
    return { said, promise: one instanceof Promise && one.constructor === Promise && Promise.resolve(one) === one };`,
    denyPut,
  );
  const { said, promise } = output as { said: string[]; promise: boolean };
  expect(said).toEqual(Array.from({ length: 10 }, () => "caught"));
  expect(promise).toBe(true);
  const lines = messages.filter(({ type }) => type === "log");
  // The last of them was asked for a turn too late, and had its line by then, as V8 would have it.
  expect(lines).toHaveLength(1);
});
