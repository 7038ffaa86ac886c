// Real traffic of real guests: what a guest process and its host write to each other, frame by frame, in both directions.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { findAddon, GUEST_ENVIRONMENT, guestArguments } from "../../src/enclosure/command.ts";
import type { Delivery, GuestMessage } from "../../src/enclosure/contract.ts";
import { Conversation } from "../../src/enclosure/conversation.ts";
import type { Frame } from "../../src/enclosure/frames.ts";
import { CHANNEL_FD, encodeFrame, FrameReader } from "../../src/enclosure/frames.ts";
import { PROGRAMS, START } from "../enclosure/session.ts";

export interface Traffic {
  /** From the guest: `ready` first. */
  readonly said: readonly Frame[];
  /** From the host: `start` first. */
  readonly told: readonly Frame[];
}

export const CAPABILITIES = [{ name: "files", kind: "fs", functions: [{ name: "readText", positional: ["path"] }] }];

/** Agents that between them make a guest say everything that it can. */
const AGENTS = [
  "for (let i = 0; i < 6; i++) { console.log('line', i); await capabilities.files.readText('/in/a.txt'); } return 1;",
  "note('why'); await Promise.all([1, 2, 3].map((i) => capabilities.files.readText('/in/' + i))); return { a: [1n] };",
  "const all = Array.from({ length: 40 }, () => capabilities.files.readText('/in/a.txt')); await Promise.allSettled(all); return all.length;",
  "await capabilities.files.readText('x'.repeat(2e6)).catch(() => {}); console.error('é', Math.random()); return null;",
  "const stop = new AbortController(); const call = capabilities.files.readText('/in/a', { signal: stop.signal }); stop.abort(); await call.catch(() => {}); return 2;",
  "const t = setTimeout(() => {}, 5); clearTimeout(t); for (let i = 0; i < 5; i++) await new Promise((r) => setTimeout(r, i)); return 3;",
  "let n = 0; const t = setInterval(() => { if (++n === 4) clearInterval(t); }, 2); await capabilities.files.readText('/in/a'); await new Promise((r) => setTimeout(r, 20)); throw new TypeError('no');",
  "return 'x'.repeat(300);",
] as const;

export async function recordTraffic(): Promise<readonly Traffic[]> {
  return Promise.all(AGENTS.map((body) => converse(`"use strict"; (async ({ capabilities, note }) => { ${body} })`)));
}

/** One session with a bare guest process: each call and each timer is answered once the guest is quiet, oldest first. */
async function converse(script: string): Promise<Traffic> {
  const child = spawn(process.execPath, guestArguments(PROGRAMS.guest, findAddon().path), {
    cwd: "/",
    env: GUEST_ENVIRONMENT,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const channel = child.stdio[CHANNEL_FD] as Duplex;
  const said: Frame[] = [];
  const told: Frame[] = [];
  const conversation = new Conversation(DEFAULT_SESSION_LIMITS);
  const waiting: (() => Delivery)[] = [];
  let turn = 0;
  const tell = (header: Frame["header"], body: string | Uint8Array): void => {
    told.push({ header, body: Buffer.from(body) });
    channel.write(encodeFrame(header, body));
  };
  const answer = (message: GuestMessage): void => {
    if (message.type === "call") waiting.push(() => settled(message.id, ++turn));
    if (message.type === "timerSet")
      waiting.push(() => ({ type: "timerFired", id: message.id, turn: ++turn, nowMs: turn }));
    if (message.type === "timerCleared") waiting.pop();
    if (message.type !== "quiet") return;
    if (conversation.done) return void channel.end();
    const delivery = waiting.shift()?.();
    if (delivery === undefined) return;
    conversation.deliver(delivery);
    tell(...frameOf(delivery));
  };
  const reader = new FrameReader((header) => (header.type === "ready" ? 0 : conversation.bodyMax(header)));
  channel.on("data", (chunk: Uint8Array) => {
    for (const frame of reader.push(chunk)) {
      said.push(frame);
      if (frame.header.type === "ready") tell(...startFrame(script));
      else answer(conversation.hear(frame));
    }
  });
  await once(child, "close");
  if (said.at(-1)?.header.type !== "quiet") throw new Error("the guest did not come to its end");
  return { said, told };
}

function settled(id: number, turn: number): Delivery {
  const about = { type: "settled", id, turn, nowMs: turn } as const;
  if (id % 3 !== 0) return { ...about, ok: true, resultText: '"text"' };
  return { ...about, ok: false, error: { name: "CapabilityFailed", code: "CALL_FAILED", message: "no" } };
}

function frameOf(delivery: Delivery): [Frame["header"], string] {
  const { type, id, turn, nowMs } = delivery;
  if (type === "timerFired") return [{ type, turn, nowMs, id }, ""];
  const body = delivery.ok ? delivery.resultText : JSON.stringify(delivery.error);
  return [{ type, turn, nowMs, id, ok: delivery.ok }, body];
}

function startFrame(script: string): [Frame["header"], Uint8Array] {
  const { env, inputText, limits, nowMs, seed } = START;
  const tables = JSON.stringify({ capabilities: CAPABILITIES, env });
  const parts = [readFileSync(PROGRAMS.prelude, "utf8"), tables, inputText, script].map((part) => Buffer.from(part));
  return [{ type: "start", nowMs, seed, limits, lengths: parts.map((part) => part.length) }, Buffer.concat(parts)];
}
