// `enclosure doctor`: what this machine offers, found by trying it: a small agent is run in a store of its own, in a
// temporary folder that is removed again.

import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import type { LogReader } from "../audit/contract.ts";
import type { EventData } from "../audit/events.ts";
import { EXIT, type ExitStatus, isFault } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import { firstOf } from "../review/records.ts";
import type { LiveEvent } from "../session/contract.ts";
import { DEFAULT_MANIFEST } from "../session/look.ts";
import {
  type CommonOptions,
  type Context,
  homePath,
  openReader,
  type Pages,
  storeOption,
  storePath,
} from "./context.ts";
import { alreadyThere } from "./init.ts";
import { visible } from "./visible.ts";
import { printMend } from "./voice.ts";

interface Finding {
  readonly name: string;
  readonly state: "ok" | "warning" | "error";
  readonly detail: string;
  readonly mend?: string;
}

type Warning = Extract<LiveEvent, { type: "warning" }>;

const NODE_MAJOR = 26;

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .addHelpText(
      "after",
      `
Runs a small agent to find out.

Examples:
  enclosure doctor
  enclosure doctor --store /var/lib/agents/audit.db --json

Exit: 0 all that is needed is there, 70 something is not.`,
    )
    .action(async (options: CommonOptions) => {
      context.exit = await doctor(context, options);
    });
}

async function doctor(context: Context, options: CommonOptions): Promise<ExitStatus> {
  const pages = context.pages(options);
  const findings = [node(), ...(await trial()), folder(storePath(context, options)), keys(homePath(context))];
  const ok = findings.every(({ state }) => state !== "error");
  if (pages.json) pages.give({ version: 1, ok, findings });
  else tell(pages, findings);
  if (ok) pages.next(...nextSteps(context.cwd));
  return ok ? EXIT.ok : EXIT.fault;
}

function node(): Finding {
  const { versions, version, platform, arch } = process;
  const detail = `${version} on ${platform} ${arch}`;
  if (Number.parseInt(versions.node, 10) === NODE_MAJOR) return { name: "node", state: "ok", detail };
  return {
    name: "node",
    state: "error",
    detail,
    mend: `Install Node ${NODE_MAJOR}, or the npm package node@${NODE_MAJOR}.`,
  };
}

const TRIAL_AGENT = "export default (): number => 6 * 7;\n";
const TRIAL_MANIFEST = 'enclosure: 1\nname: doctor\nversion: "1"\n';

/** A run from end to end: bundle, guest process, isolate, log. What it cannot do is a finding, with the fault's own mend. */
async function trial(): Promise<readonly Finding[]> {
  const place = mkdtempSync(join(tmpdir(), "enclosure-doctor-"));
  try {
    writeFileSync(join(place, "agent.ts"), TRIAL_AGENT);
    writeFileSync(join(place, "enclosure.yaml"), TRIAL_MANIFEST);
    const store = join(place, "audit.db");
    const home = join(place, "home");
    const { openRuntime } = await import("../session/runtime.ts");
    const runtime = await openRuntime({ store, home });
    try {
      const warnings: Warning[] = [];
      const onEvent = (event: LiveEvent): void => void (event.type === "warning" && warnings.push(event));
      const { session, status, walls, error } = await runtime.run({ agent: join(place, "agent.ts"), onEvent });
      if (error !== undefined)
        return [{ name: "trial run", state: "error", detail: `${status}: ${error.message}`, mend: error.mend }];
      const reader = await openReader(store, home);
      try {
        return [
          { name: "trial run", state: "ok", detail: "an agent ran and was recorded" },
          ...wallsFindings(walls, warnings),
          ...recorded(reader, session),
        ];
      } finally {
        reader.close();
      }
    } finally {
      await runtime.close();
    }
  } catch (error) {
    if (!isFault(error)) throw error;
    return [{ name: "trial run", state: "error", detail: error.message, mend: error.mend }];
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The walls that stood, and what the trial warned of: a wall that is not up, an engine that is behind. */
function wallsFindings(walls: readonly string[], warnings: readonly Warning[]): readonly Finding[] {
  const stood: Finding = { name: "walls", state: "ok", detail: walls.join(", ") };
  return [
    stood,
    ...warnings.map(({ code, message, mend }): Finding => {
      const name = code === "ENGINE_OUTDATED" ? "engine" : "walls";
      return { name, state: "warning", detail: message, mend };
    }),
  ];
}

/** What the trial's own record says of the engine and of the store. */
function recorded(reader: LogReader, session: Parameters<LogReader["session"]>[0]): readonly Finding[] {
  const findings: Finding[] = [];
  const fingerprint = firstOf(reader.session(session), "session.opened")?.data.fingerprint;
  if (fingerprint) {
    const { isolatedVm, v8, enclosure } = fingerprint;
    findings.push({
      name: "engine",
      state: "ok",
      detail: `enclosure ${enclosure}, isolated-vm ${isolatedVm}, V8 ${v8}`,
    });
  }
  const first = reader.record(0);
  const opened = first && firstOf([first], "log.opened")?.data;
  if (opened) findings.push(sqlite(opened));
  return findings;
}

function sqlite({ sqlite: version, journal, synchronous }: EventData["log.opened"]): Finding {
  const detail = `SQLite ${version}, journal ${journal}, synchronous ${synchronous}`;
  const durable = /^wal$/i.test(journal) && /^(full|extra|2|3)$/i.test(synchronous);
  if (durable) return { name: "store", state: "ok", detail };
  return { name: "store", state: "error", detail, mend: "A power cut could lose records here: use another machine." };
}

/** Whether a store can be written at `store`: its folder, or the nearest one above that is there. */
function folder(store: string): Finding {
  let place = dirname(store);
  while (!existsSync(place)) place = dirname(place);
  const detail = existsSync(store) ? store : `${store} (not made yet)`;
  try {
    accessSync(place, constants.W_OK);
    return { name: "store folder", state: "ok", detail };
  } catch {
    return {
      name: "store folder",
      state: "error",
      detail: `${place} cannot be written`,
      mend: "Name another place with --store.",
    };
  }
}

/** A folder with an agent's manifest is checked; an empty one gets a first agent; another is left alone. */
function nextSteps(folder: string): readonly string[] {
  const there = alreadyThere(folder);
  if (there.includes(DEFAULT_MANIFEST)) return ["enclosure check"];
  return there.length === 0 ? ["enclosure init"] : [];
}

/** Keys that others can read are as good as lost. */
function keys(home: string): Finding {
  const stat = statSync(home, { throwIfNoEntry: false });
  if (stat === undefined) return { name: "keys", state: "ok", detail: `${home} (not made yet)` };
  const mode = (stat.mode & 0o777).toString(8).padStart(3, "0");
  if (process.platform === "win32" || (stat.mode & 0o022) === 0)
    return { name: "keys", state: "ok", detail: `${home}, mode ${mode}; what a log is verified with: logs/*/log.vkey` };
  return {
    name: "keys",
    state: "error",
    detail: `${home} can be written by others (mode ${mode})`,
    mend: `chmod go-w ${shellWord(home)}`,
  };
}

const STYLES = { ok: "green", warning: "yellow", error: "red" } as const;

function tell({ out }: Pages, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, state, detail, mend } of findings) {
    out.line(`${name.padEnd(width)}  ${out.paint(STYLES[state], state.padEnd(7))}  ${visible(detail)}`);
    if (mend !== undefined) printMend(out, mend);
  }
}
