// A host process that does some ordinary work, then runs one agent and tells what that cost the host itself: how much its
// resident memory rose over what it was when the session opened, and for how long its event loop did not come round, by the
// clock and by its own processor time. The second leaves out what other processes of the machine took.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openRuntime } from "agent-enclosure";
import type { HostTold } from "./limits.ts";

const [folder, home] = process.argv.slice(2) as [string, string];

function statusMiB(name: string): number {
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const delay = monitorEventLoopDelay({ resolution: 1 });
let beforeMiB = 0;
let busyMs = 0;
let last = 0;
const tick = (): void => {
  const now = threadMs();
  busyMs = Math.max(busyMs, now - last);
  last = now;
};

const tell = (told: HostTold): void => void process.stdout.write(`${JSON.stringify(told)}\n`);

const runtime = await openRuntime({ store: join(folder, "audit.db"), home });
await runtime.run({ agent: join(folder, "warm.ts"), manifest: join(folder, "warm.yaml"), onEvent: () => {} });
let ticking: NodeJS.Timeout | undefined;
const { limit, status } = await runtime.run({
  agent: join(folder, "agent.ts"),
  manifest: join(folder, "agent.yaml"),
  onEvent: ({ type }) => {
    if (type !== "opened") return;
    tell({ opened: process.hrtime.bigint().toString() });
    globalThis.gc?.();
    // The high-water mark begins anew (proc(5)).
    writeFileSync("/proc/self/clear_refs", "5");
    beforeMiB = statusMiB("VmRSS");
    last = threadMs();
    ticking = setInterval(tick, 1);
    delay.enable();
  },
});
tick();
clearInterval(ticking);
delay.disable();
const growthMiB = statusMiB("VmHWM") - beforeMiB;
tell({ end: limit?.name ?? status, growthMiB, busyMs, delayMs: delay.max / 1e6 });
await runtime.close();
