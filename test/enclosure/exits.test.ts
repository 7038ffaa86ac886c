// How a guest process gives up: each status of GUEST_EXIT is reached by a real one, with no supervisor that kills it
// first. The prelude comes with the start, so a test brings one that behaves as ours never does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { TestContext } from "vitest";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import type { SessionLimits } from "../../src/base/limits.ts";
import { findAddon, GUEST_ENVIRONMENT, guestArguments } from "../../src/enclosure/command.ts";
import { CHANNEL_FD, encodeFrame, GUEST_EXIT } from "../../src/enclosure/frames.ts";
import { PROGRAMS, START } from "./session.ts";

const ours = readFileSync(PROGRAMS.prelude, "utf8");

interface Life {
  readonly prelude?: string;
  readonly body?: string;
  readonly limits?: Partial<SessionLimits>;
  /** Close the channel once the guest has been told to start. */
  readonly hangUp?: boolean;
}

/** The status, signal and last words of a guest that is started and then left to itself. */
async function lifeOf(life: Life, { onTestFinished }: TestContext): Promise<unknown> {
  const { prelude = ours, body = "", limits = {}, hangUp = false } = life;
  const child = spawn(process.execPath, guestArguments(PROGRAMS.guest, findAddon().path), {
    cwd: "/",
    env: GUEST_ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const channel = child.stdio[CHANNEL_FD] as Duplex;
  channel.on("error", () => {});
  await once(channel, "data");
  const { capabilities, env, inputText, nowMs, seed } = START;
  const script = `"use strict"; (async () => {\n${body}\n})`;
  const parts = [prelude, JSON.stringify({ capabilities, env }), inputText, script].map((part) => Buffer.from(part));
  const lengths = parts.map((part) => part.length);
  const start = { type: "start", nowMs, seed, limits: { ...DEFAULT_SESSION_LIMITS, ...limits }, lengths };
  channel.write(encodeFrame(start, Buffer.concat(parts)), () => hangUp && channel.destroy());
  channel.resume();
  const [stderr, [status, signal]] = await Promise.all([text(child.stderr as Readable), once(child, "exit")]);
  return { status, signal, stderr };
}

const MiB = 1024 * 1024;
const LOUD = 'globalThis.__enclosure = ((post) => () => { for (;;) post(\'{"type":"note"}\\n\'); })(__enclosure);';
const BROKEN =
  "globalThis.__enclosure = ((post) => () => { for (;;) try { post('no JSON'); } catch {} })(__enclosure);";

test.concurrent.for([
  ["broken", "its bridge says what ours never says", { prelude: BROKEN }],
  ["memory", "its heap is full", { body: "const a = []; for (;;) a.push({ a });", limits: { memoryBytes: 16 * MiB } }],
  ["turn", "a turn does not end", { body: "for (;;);", limits: { wallMs: 100 } }],
  ["hostGone", "it waits and the channel ends", { body: "await new Promise(() => {});", hangUp: true }],
  ["hostGone", "it speaks and the channel ends", { prelude: LOUD, hangUp: true }],
] as const)("a guest exits with the status of %s when %s", async ([name, , life], context) => {
  expect(await lifeOf(life, context)).toEqual({ status: GUEST_EXIT[name], signal: null, stderr: "" });
});
