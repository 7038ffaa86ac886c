// A session in which everything is real but the world: broker, conduct, log and grants are the product's own; guest,
// providers, people, clock and timers are what the test says.

import { onTestFinished } from "vitest";
import type { JsonValue } from "../../src/base/json.ts";
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from "../../src/base/limits.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "../../src/broker/contract.ts";
import type { Answer, Approvers, BrokerEvent, HeldCall } from "../../src/broker/ports.ts";
import type { Delivery, Guest, GuestEnd, GuestFacts, GuestMessage, GuestStart } from "../../src/enclosure/contract.ts";
import { KINDS } from "../../src/kinds/all.ts";
import type { CompiledGrant, FunctionSpec } from "../../src/kinds/contract.ts";
import { compileGrants } from "../../src/manifest/grants.ts";
import { parseManifest } from "../../src/manifest/parse.ts";
import { resolveManifest } from "../../src/manifest/resolve.ts";
import { Conduct, type Ending } from "../../src/session/conduct.ts";
import type { LiveEvent } from "../../src/session/contract.ts";
import { Showing } from "../../src/session/showing.ts";
import { type MemoryLog, memoryLog } from "../store/memory-log.ts";
import { heldTimers } from "../store/timers.ts";

export const TABLE: readonly FunctionSpec[] = [
  { name: "look", effect: "read", input: { type: "object", properties: { id: { type: "string" } } } },
  { name: "echo", effect: "read" },
  {
    name: "save",
    effect: "write",
    output: { type: "object", required: ["saved"], properties: { saved: { type: "boolean" } } },
  },
  { name: "pay", effect: "irreversible" },
  { name: "wipe", effect: "irreversible" },
  { name: "hidden", effect: "read" },
];

/** `wipe` is allowed, asked for and denied at once; `hidden` is not granted. */
export const DESK = `
  desk:
    use: module
    from: ./desk.ts
    allow: [look, echo, save, pay, wipe]
    ask: [{ call: pay, timeout: 5m }, wipe]
    deny: [wipe]
`;
export const ASK_MS = 300_000;
export const WEB = `
  web: { use: http, allow: ["GET https://api.example.com/v1/**"], limits: { redirects: 20 } }
`;

export function grantsOf(capabilities: string): ReadonlyMap<string, CompiledGrant> {
  const text = `enclosure: 1\nname: tested\nversion: "1"\ncapabilities:${capabilities}`;
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: KINDS });
  if (manifest === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  const compiled = compileGrants(resolveManifest(manifest), new Map([["desk", TABLE]]), KINDS);
  const wrong = compiled.problems.filter(({ severity }) => severity === "error");
  if (wrong.length > 0) throw new Error(wrong.map(({ message }) => message).join("; "));
  return compiled.grants;
}

/** A provider that keeps what it was given, and does what the test says. */
export class World implements Provider {
  readonly calls: AdmittedCall[] = [];
  /** What it answers; by default what it was asked. */
  act: (call: AdmittedCall, context: PerformContext) => Performed | Promise<Performed> = (call) =>
    done(call.args.value);

  perform(call: AdmittedCall, context: PerformContext): Promise<Performed> {
    this.calls.push(call);
    // Not async: what `act` throws is thrown here.
    return Promise.resolve(this.act(call, context));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const done = (value: unknown): Performed => ({ kind: "value", value });

/** A provider whose calls end when the test says, in any order. */
export function slowly(world: World): (call: number, performed?: Performed) => void {
  const waiting = new Map<number, PromiseWithResolvers<Performed>>();
  world.act = (call) => {
    const one = Promise.withResolvers<Performed>();
    waiting.set(call.id, one);
    return one.promise;
  };
  return (call, performed = done(call)) => waiting.get(call)?.resolve(performed);
}

/** A guest that says what the test says, and keeps what it was given. */
export class ScriptedGuest implements Guest {
  readonly facts = new Promise<GuestFacts>(() => {});
  readonly #end = Promise.withResolvers<GuestEnd>();
  readonly ended = this.#end.promise;
  readonly deliveries: Delivery[] = [];
  paused = false;
  /** The turn that it is in. */
  turn = 0;
  #calls = 0;
  #hear: (message: GuestMessage) => void = () => {};

  start(_start: GuestStart, onMessage: (message: GuestMessage) => void): void {
    this.#hear = onMessage;
  }

  deliver(delivery: Delivery): void {
    this.deliveries.push(delivery);
  }

  pauseWall(): void {
    this.paused = true;
  }

  resumeWall(): void {
    this.paused = false;
  }

  stop(): Promise<GuestEnd> {
    this.die({ kind: "stopped" });
    return this.ended;
  }

  die(end: GuestEnd): void {
    this.#end.resolve(end);
  }

  say(message: GuestMessage): void {
    this.#hear(message);
  }

  /** Makes a call in its turn; answers its number. */
  call(name: string, args: JsonValue = {}): number {
    return this.callText(name, JSON.stringify(args));
  }

  callText(name: string, argsText: string): number {
    const [capability = "", fn = ""] = name.split(".");
    const site = { line: 3, column: 9 };
    this.say({ type: "call", id: ++this.#calls, turn: this.turn, capability, fn, argsText, site });
    return this.#calls;
  }

  cancel(id: number): void {
    this.say({ type: "cancel", id, turn: this.turn });
  }

  /** Drains the turn that it is in. */
  quiet(timersArmed = 0): void {
    this.say({ type: "quiet", turn: this.turn, calls: this.#calls, draws: 0, timersArmed });
  }

  /** Goes on to the last turn that it was given, and drains it. */
  catchUp(): void {
    this.turn = this.deliveries.at(-1)?.turn ?? 0;
    this.quiet();
  }

  /** What it was told of a call. */
  answer(id: number): Extract<Delivery, { type: "settled" }> | undefined {
    return this.deliveries.find(
      (one): one is Extract<Delivery, { type: "settled" }> => one.type === "settled" && one.id === id,
    );
  }
}

/** People who answer when the test says. */
export class Desk implements Approvers {
  readonly channel = "tty";
  readonly person = {
    id: "0123456789abcdef0123456789abcdef",
    name: { text: "ada", media: "text/plain", level: "full" },
  } as const;
  readonly asked: {
    readonly held: HeldCall;
    readonly signal: AbortSignal;
    readonly answer: (answer: Answer) => void;
  }[] = [];

  ask(held: HeldCall, signal: AbortSignal): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.asked.push({ held, signal, answer: resolve });
    return promise;
  }
}

export interface LiveOptions {
  readonly capabilities?: string;
  readonly limits?: Partial<SessionLimits>;
  readonly approvers?: Approvers;
  /** The one world for every grant where absent. */
  readonly providers?: ReadonlyMap<string, Provider>;
}

export interface Live extends MemoryLog {
  readonly guest: ScriptedGuest;
  readonly broker: Broker;
  readonly conduct: Conduct;
  readonly world: World;
  readonly timers: ReturnType<typeof heldTimers>;
  readonly clock: { ms: number; us: number };
  readonly grants: ReadonlyMap<string, CompiledGrant>;
  /** What the broker said, when it said it. */
  readonly events: readonly BrokerEvent[];
  /** What was shown. */
  readonly shown: readonly LiveEvent[];
  readonly showing: Showing;
  ending(): Ending | undefined;
  /** Until no call is in progress, and all that was appended is durable. */
  rest(): Promise<void>;
  /** Appends the closing record; what verify says of the log that this leaves. */
  close(): Promise<boolean>;
}

export function goLive(options: LiveOptions = {}): Live {
  const clock = { ms: 1_000_000, us: 0 };
  const powers = { nowMs: () => clock.ms, monotonicUs: () => clock.us };
  const log = memoryLog(powers);
  const { session } = log;
  const timers = heldTimers();
  const guest = new ScriptedGuest();
  const world = new World();
  const grants = grantsOf(options.capabilities ?? DESK);
  const limits = { ...DEFAULT_SESSION_LIMITS, ...options.limits };
  const events: BrokerEvent[] = [];
  const shown: LiveEvent[] = [];
  const showing = new Showing(session, timers, (event) => void shown.push(event));
  const level = "full";
  const show = showing.add.bind(showing);
  const conduct = new Conduct({ guest, log: session, limits, level, timers, show });
  const broker = new Broker({
    log: session,
    grants,
    providers: options.providers ?? new Map([...grants.keys()].map((name) => [name, world])),
    limits,
    level,
    approvers: options.approvers,
    clock: powers,
    timers,
    deliver: (id, answer, draft) => conduct.deliverAnswer(id, answer, draft),
    turnTime: (turn) => conduct.turnTime(turn),
    onEvent: (event) => void events.push(event),
    onChange: () => conduct.reconsider(),
    onFault: (error) => conduct.fault(error),
  });
  let ending: Ending | undefined;
  void conduct.ended.then((ended) => (ending = ended));
  onTestFinished(() => void guest.stop());
  const start = { script: "", inputText: "{}", capabilities: [], env: {}, seed: "", nowMs: clock.ms, limits };
  conduct.start(start, broker);
  return {
    ...log,
    guest,
    broker,
    conduct,
    world,
    timers,
    clock,
    grants,
    events,
    shown,
    showing,
    ending: () => ending,
    rest: async () => {
      await broker.drain(false);
      await session.release();
    },
    close: async () => {
      const data = { status: "completed", code: null, error: null, calls: broker.counts, refusedInside: 0 } as const;
      session.append({ type: "session.closed", evidence: "observed", turn: conduct.turn, data });
      await session.release();
      await session.checkpoint();
      const report = await log.verify();
      return report.valid;
    },
  };
}

/** Lets everything that can go on without a commit, a person or the world go on. */
export async function soon(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
