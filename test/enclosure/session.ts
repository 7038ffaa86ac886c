// A session in miniature for the enclosure's tests: starts a guest, answers its calls by a table, fires its timers at
// once, keeps the virtual clock, and collects all that the guest says.
import type {
  Delivery,
  DeliveredError,
  Guest,
  GuestEnd,
  GuestFacts,
  GuestMessage,
  GuestStart,
} from "../../src/enclosure/contract.ts";
import { encodeValue, decodeValue } from "../../src/base/codec.ts";
import type { JsonValue } from "../../src/base/json.ts";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { programPath } from "../../src/outside/programs.ts";

export const PROGRAMS = {
  guest: programPath("guest.cjs"),
  prelude: programPath("prelude.js"),
  watchdog: programPath("watchdog.js"),
  filter: programPath("guest.bpf"),
};

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: DeliveredError };
type Call = Extract<GuestMessage, { type: "call" }>;

export interface Played {
  readonly messages: readonly GuestMessage[];
  readonly done: Extract<GuestMessage, { type: "done" }> | undefined;
  /** Throws where the agent gave none. */
  readonly output: unknown;
  readonly end: GuestEnd;
  readonly facts: GuestFacts;
}

export interface PlayOptions extends Partial<Omit<GuestStart, "limits" | "script">> {
  readonly limits?: Partial<GuestStart["limits"]>;
  readonly answer?: (call: Call, args: unknown) => Answer | undefined;
  readonly input?: unknown;
  readonly programs?: typeof PROGRAMS;
  /** How far each delivery moves the clock; 1000 where absent. */
  readonly stepMs?: number;
  /** Leave timers unfired. */
  readonly holdTimers?: boolean;
}

export const START: Omit<GuestStart, "script"> = {
  inputText: "null",
  capabilities: [
    {
      name: "desk",
      kind: "module",
      functions: [{ name: "get" }, { name: "put", positional: ["key", "value"] }],
    },
  ],
  env: { REGION: "eu" },
  seed: "00".repeat(32),
  nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  limits: DEFAULT_SESSION_LIMITS,
};

/** `body` is the body of an async function of `{capabilities, note, input}`; it ends when the agent or the guest does. */
export async function play(body: string, options: PlayOptions = {}): Promise<Played> {
  return playScript(`"use strict"; (async ({ capabilities, note, input }) => {\n${body}\n})`, options);
}

export async function playScript(script: string, options: PlayOptions = {}): Promise<Played> {
  const guest = spawnGuest({ programs: options.programs ?? PROGRAMS });
  try {
    return await converse(guest, script, options);
  } finally {
    await guest.stop();
  }
}

async function converse(guest: Guest, script: string, options: PlayOptions): Promise<Played> {
  const {
    answer = (_, args) => ({ ok: true, value: args }),
    holdTimers = false,
    input,
    limits,
    programs: _,
    stepMs = 1000,
    ...rest
  } = options;
  const facts = await guest.facts;
  const start: GuestStart = {
    ...START,
    ...(input === undefined ? {} : { inputText: JSON.stringify(encodeValue(input)) }),
    ...rest,
    limits: { ...DEFAULT_SESSION_LIMITS, ...limits },
    script,
  };
  const messages: GuestMessage[] = [];
  const armed = new Set<number>();
  let turn = 0;
  const done = new Promise<Played["done"]>((resolve) => {
    const deliver = (delivery: (place: { turn: number; nowMs: number }) => Delivery): void => {
      turn++;
      guest.deliver(delivery({ turn, nowMs: start.nowMs + turn * stepMs }));
    };
    guest.start(start, (message) => {
      messages.push(message);
      if (message.type === "done") resolve(message);
      if (message.type === "timerSet" && !holdTimers) {
        const { id } = message;
        armed.add(id);
        setImmediate(() => armed.delete(id) && deliver((place) => ({ type: "timerFired", id, ...place })));
      }
      if (message.type === "timerCleared") armed.delete(message.id);
      if (message.type !== "call") return;
      const given = answer(message, decodeValue(JSON.parse(message.argsText) as JsonValue));
      if (given === undefined) return;
      const { id } = message;
      deliver((place) =>
        given.ok
          ? { type: "settled", id, ok: true, resultText: JSON.stringify(encodeValue(given.value)), ...place }
          : { type: "settled", id, ok: false, error: given.error, ...place },
      );
    });
    void guest.ended.then(() => resolve(undefined));
  });
  const last = await done;
  const end = last === undefined ? await guest.ended : await guest.stop();
  return {
    messages,
    done: last,
    end,
    facts,
    get output() {
      if (last?.ok !== true) throw new Error(`the agent gave no output: ${JSON.stringify([last, end])}`);
      return decodeValue(JSON.parse(last.outputText) as JsonValue);
    },
  };
}
