// One live run, from a prepared agent to its result: opens the record, ties guest, broker and log together, conducts, and
// closes the record. Invariants: nothing of the session leaves before its records are durable; `session.closed` is written
// last, after every intent has an outcome. Whoever calls this stops the guest and closes the providers.

import type { LogWriter, SessionLog, Ticket } from "../audit/contract.ts";
import type { SessionId } from "../base/ids.ts";
import { EnclosureError } from "../base/errors.ts";
import { admitJson, type JsonValue } from "../base/json.ts";
import { hex } from "../base/bytes.ts";
import { CLOSE_GRACE_MS } from "../base/limits.ts";
import { encodeValue, isOwnEncoding, JSON_DEPTH_MAX } from "../base/codec.ts";
import type { Clock, Random, Timers } from "../base/powers.ts";
import { stackInSource } from "../base/source.ts";
import { Broker } from "../broker/broker.ts";
import type { BrokerEvent } from "../broker/ports.ts";
import type { Guest } from "../enclosure/contract.ts";
import { Conduct, type Ending } from "./conduct.ts";
import type { LiveEvent, RunOptions, RunResult } from "./contract.ts";
import { exitOf, judge, type Judgement } from "./judge.ts";
import { openRecord } from "./opening.ts";
import { approversAt, namedPerson, osUser } from "./people.ts";
import type { Prepared } from "./prepare.ts";
import { Showing } from "./showing.ts";

export interface RunPowers {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
}

/** One run's parts, once they are all there. */
interface Run {
  readonly prepared: Prepared;
  readonly writer: LogWriter;
  readonly log: SessionLog;
  readonly guest: Guest;
  readonly conduct: Conduct;
  readonly broker: Broker;
  readonly showing: Showing;
  readonly timers: Timers;
  readonly walls: readonly string[];
}

/** Runs a prepared agent to its end. @throws EnclosureError when the log fails; nothing more has left the session then. */
export async function runPrepared(
  writer: LogWriter,
  guest: Guest,
  prepared: Prepared,
  options: RunOptions,
  powers: RunPowers,
): Promise<RunResult> {
  const facts = await guest.facts;
  const seed = hex(powers.random.bytes(32));
  const log = openRecord(writer, {
    ...prepared.bound,
    facts,
    seed,
    principal: options.as === undefined ? osUser(writer) : namedPerson(writer, options.as),
    onBehalfOf: options.onBehalfOf === undefined ? null : namedPerson(writer, options.onBehalfOf),
    correlation: options.correlation ?? null,
    batchJob: options.batchJob ?? null,
  });
  const input = { text: prepared.inputText, media: "application/json", level: prepared.bound.level } as const;
  const received = log.append({ type: "session.input_received", evidence: "observed", turn: 0, data: { input } });
  const run = tie(writer, guest, prepared, log, options, powers, facts.walls);
  run.showing.add(
    () => ({ type: "opened", session: sessionId(log), agent: prepared.bound.agentName, walls: facts.walls }),
    received,
  );
  const { inputText } = prepared;
  const { bundle, capabilities, env, limits } = prepared.bound;
  run.conduct.start(
    { script: bundle.script, inputText, capabilities, env, seed, nowMs: received.timeMs, limits },
    run.broker,
  );
  const ending = await endOf(run.conduct, options.signal);
  try {
    return await close(run, ending);
  } finally {
    run.showing.stop();
  }
}

function tie(
  writer: LogWriter,
  guest: Guest,
  prepared: Prepared,
  log: SessionLog,
  options: RunOptions,
  powers: RunPowers,
  walls: readonly string[],
): Run {
  const { clock, timers } = powers;
  const { level, limits, agentName } = prepared.bound;
  const showing = new Showing(log, timers, options.onEvent);
  const conduct = new Conduct({ guest, log, limits, level, timers, show: (make, ticket) => showing.add(make, ticket) });
  const { approvals } = options;
  const broker = new Broker({
    log: shownOnRelease(log, showing),
    grants: prepared.grants,
    providers: prepared.providers,
    limits,
    level,
    approvers:
      approvals === undefined || !prepared.asks.includes(approvals.name)
        ? undefined
        : approversAt(approvals, writer, agentName),
    clock,
    timers,
    deliver: (id, answer, draft) => conduct.deliverAnswer(id, answer, draft),
    turnTime: (turn) => conduct.turnTime(turn),
    onEvent: (event, ticket) => showing.add(() => liveCall(event, prepared.manifestName), ticket),
    onChange: () => conduct.reconsider(),
    onFault: (error) => conduct.fault(error),
  });
  return { prepared, writer, log, guest, conduct, broker, showing, timers, walls };
}

/** The log as the broker has it: each release also shows what has become durable by it. */
function shownOnRelease(log: SessionLog, showing: Showing): SessionLog {
  return {
    append: (draft) => log.append(draft),
    keep: (bytes) => log.keep(bytes),
    release: async (ticket?: Ticket) => {
      const position = await log.release(ticket);
      showing.released(position);
      return position;
    },
    id: () => log.id(),
    checkpoint: () => log.checkpoint(),
    failed: log.failed,
  };
}

async function endOf(conduct: Conduct, signal: AbortSignal | undefined): Promise<Ending> {
  const interrupt = (): void => conduct.end({ kind: "interrupted" });
  if (signal?.aborted === true) interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    return await conduct.ended;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

async function close(run: Run, ending: Ending): Promise<RunResult> {
  const { broker, guest, log, conduct } = run;
  if (ending.kind === "faulted") {
    await guest.stop();
    await within(run.timers, CLOSE_GRACE_MS, broker.drain(true));
    throw ending.error;
  }
  await guest.stop();
  await settleCalls(run, ending.kind === "output" || ending.kind === "threw");
  const output = ending.kind === "output" ? readOutput(run.prepared, ending.outputText) : undefined;
  // A refusal inside the guest is one too, though the broker never heard of the call.
  const deniedCodes = new Set([...broker.deniedCodes, ...conduct.refusedCodes]);
  const judgement = judge(ending, deniedCodes, output?.kind === "refused" ? output.problem : undefined);
  const { turn } = conduct;
  if (judgement.limit !== null) {
    const { claimed, name: limit, used, max } = judgement.limit;
    const evidence = claimed === true ? "agent_claimed" : "observed";
    log.append({ type: "limit.struck", evidence, turn, data: { limit, used, max } });
  }
  if (ending.kind === "output" && output?.kind === "given") {
    const given = { text: ending.outputText, media: "application/json", level: run.prepared.bound.level } as const;
    log.append({ type: "session.output_given", evidence: "observed", turn, data: { output: given } });
  }
  appendClosed(run, judgement);
  // The gate: no output, no result and no line is given before all of it is durable.
  const position = await run.showing.flush();
  const { root } = await log.checkpoint();
  return {
    version: 1,
    session: sessionId(log),
    status: judgement.status,
    ...(output?.kind === "given" ? { output: output.value } : {}),
    ...(judgement.error === null
      ? {}
      : { error: await inSource(judgement.error, run.prepared.bound.bundle.sourceMap) }),
    calls: broker.counts,
    refusedInside: conduct.refusedInside,
    ...(judgement.limit === null ? {} : { limit: judgement.limit }),
    walls: run.walls,
    log: { origin: run.writer.origin, seq: position.seq, root, anchor: "L1" },
    exit: exitOf(judgement.status),
  };
}

/** Gives calls that still run a little time to end by themselves (where the agent did), then aborts them, then gives up. */
async function settleCalls(run: Run, kindly: boolean): Promise<void> {
  const { broker, timers } = run;
  if (kindly) await within(timers, CLOSE_GRACE_MS, broker.drain(false));
  await within(timers, CLOSE_GRACE_MS, broker.drain(true));
  broker.abandon();
}

async function within(timers: Timers, ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = timers.after(ms, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
}

function appendClosed(run: Run, judgement: Judgement): void {
  const { log, broker, conduct, prepared } = run;
  const { error, status } = judgement;
  const text =
    error === null
      ? null
      : JSON.stringify({ name: error.name, message: error.message, stack: error.stack }).toWellFormed();
  log.append({
    type: "session.closed",
    evidence: error?.name === undefined ? "observed" : "agent_claimed",
    turn: conduct.turn,
    data: {
      status,
      code: error?.code ?? null,
      error: text === null ? null : { text, media: "application/json", level: prepared.bound.level },
      calls: broker.counts,
      refusedInside: conduct.refusedInside,
    },
  });
}

type Output =
  /** The agent returned nothing. */
  | { readonly kind: "none" }
  | { readonly kind: "given"; readonly value: JsonValue }
  | { readonly kind: "refused"; readonly problem: string };

function readOutput({ bound, checkOutput }: Prepared, text: string): Output {
  try {
    const { value } = admitJson(text, { charsMax: bound.limits.resultBytes, depthMax: JSON_DEPTH_MAX });
    if (!isOwnEncoding(value, text))
      return { kind: "refused", problem: "a tagged value is not spelled as it should be" };
    const problem = checkOutput(value);
    if (problem !== undefined) return { kind: "refused", problem };
    return text === NOTHING ? { kind: "none" } : { kind: "given", value };
  } catch (error) {
    return { kind: "refused", problem: error instanceof Error ? error.message : "the output cannot cross" };
  }
}

const NOTHING = JSON.stringify(encodeValue(undefined));

/** The error with its frames at the agent's own source lines. */
async function inSource(
  { stack, ...error }: NonNullable<Judgement["error"]>,
  sourceMap: string,
): Promise<NonNullable<RunResult["error"]>> {
  if (stack === undefined) return error;
  const { makeSourceLocator } = await import("../bundle/locate.ts");
  const shown = stackInSource(stack, makeSourceLocator(sourceMap));
  return shown === undefined ? error : { ...error, stack: shown };
}

function sessionId(log: SessionLog): SessionId {
  const id = log.id();
  if (id === undefined) throw new EnclosureError("LOG_WRITE_FAILED", "the session has no durable record");
  return id;
}

function liveCall(event: BrokerEvent, manifest: string): LiveEvent {
  const { parent, effect, target, rule, ...rest } = event;
  return {
    type: "call",
    manifest,
    ...rest,
    ...(parent === null ? {} : { parent }),
    ...(effect === null ? {} : { effect }),
    ...(target === null ? {} : { target }),
    ...(rule === null ? {} : { rule }),
  };
}
