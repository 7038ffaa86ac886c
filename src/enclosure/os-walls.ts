// What the operating system can put around a guest process, as command lines that wrap another: strongest first, and the
// bare command last. Whether one works is found out by using it (launch.ts): a program may be there and be refused what
// it needs. Invariants: programs are taken from fixed places, never from PATH; a wall is named only
// where it is seen from outside, in /proc, on the process itself.

import { closeSync, existsSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { arch } from "node:process";
import type { Addon } from "./command.ts";
import { guestArguments } from "./command.ts";

/** Descriptors that bubblewrap uses and closes: it says the inner process's number on one, reads the filter from the other. */
export const INFO_FD = 4;
const FILTER_FD = 5;

export interface Programs {
  /** Absolute paths: the guest's own program, and the filter of its system calls. */
  readonly guest: string;
  readonly filter: string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Opened for the new process, which has it as FILTER_FD; closed here once it runs. */
  readonly filterFd?: number;
}

export interface Wrapping {
  readonly name: "bubblewrap" | "setpriv" | "rlimits" | "bare";
  readonly walls: readonly string[];
  command(programs: Programs, addon: Addon): Command;
}

const KiB = 1024;
const GiB = KiB * KiB * KiB;

/**
 * Bounds on resources that need no setting up, kept by the kernel: no core dump (it would hold the agent's data), no file
 * that grows, few descriptors, the processor time of the longest session, for a guest whose host is no more, and an
 * address space of several times what V8 reserves, since tables of pages are in no resident size. By the option of
 * `ulimit` and its unit there, and the name in proc_pid_limits(5), which counts bytes and seconds.
 */
const RLIMITS = [
  { option: "c", unit: KiB, name: "Max core file size", max: 0 },
  { option: "f", unit: 512, name: "Max file size", max: 0 },
  { option: "n", unit: 1, name: "Max open files", max: 64 },
  { option: "t", unit: 1, name: "Max cpu time", max: 3700 },
  { option: "v", unit: KiB, name: "Max address space", max: 24 * GiB },
] as const;

/**
 * A bound that the host itself is under may be narrower, and cannot be widened: it stays. The kernel dumps no memory to a
 * program that collects dumps either, whom no bound on their size holds off, and takes this process first when there is
 * no memory left.
 */
const PREPARE = [
  ...RLIMITS.map(({ option, unit, max }) => `ulimit -${option} ${max / unit} 2>/dev/null`),
  "echo 0 2>/dev/null >/proc/self/coredump_filter",
  "echo 1000 2>/dev/null >/proc/self/oom_score_adj",
].join("; ");
const SHELL = "/bin/sh";
const BUBBLEWRAP = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];
const SETPRIV = "/usr/bin/setpriv";

/** What can be tried on this machine, strongest first. Not empty. */
export function wrappings(): readonly Wrapping[] {
  const found: Wrapping[] = [];
  const shell = existsSync(SHELL);
  const bubblewrap = BUBBLEWRAP.find((path) => existsSync(path));
  if (shell && bubblewrap !== undefined) found.push(inBubblewrap(bubblewrap));
  if (shell && existsSync(SETPRIV)) {
    // Dies with its host, gains no privilege: what an unprivileged process may ask for itself where there are no namespaces.
    const args = ["--pdeathsig", "KILL", "--no-new-privs", "--"];
    found.push(bounded("setpriv", ["rlimits", "no-new-privs"], [SETPRIV, ...args]));
  }
  if (shell) found.push(bounded("rlimits", ["rlimits"], []));
  return [...found, { name: "bare", walls: [], command: bareCommand }];
}

function bareCommand({ guest }: Programs, addon: Addon): Command {
  return { file: process.execPath, args: guestArguments(guest, addon.path) };
}

/** Why the strongest wrapping was not even tried. */
export function whyNoBubblewrap(): string {
  if (process.platform !== "linux") return `${process.platform} has no bubblewrap`;
  return existsSync(SHELL) ? `bubblewrap is not installed (${BUBBLEWRAP.join(", ")})` : `there is no ${SHELL}`;
}

function bounded(name: Wrapping["name"], walls: readonly string[], before: readonly string[]): Wrapping {
  const command: Wrapping["command"] = (programs, addon) => {
    const { file, args } = bareCommand(programs, addon);
    return shellCommand([...before, file, ...args]);
  };
  return { name, walls, command };
}

function shellCommand(command: readonly string[]): Command {
  return { file: SHELL, args: ["-c", `${PREPARE}; exec "$@"`, SHELL, ...command] };
}

/** Where the guest's files lie in its own root. */
const INSIDE = { node: "/node", guest: "/guest.cjs", addon: "/isolated-vm.node" } as const;

/**
 * Namespaces of everything, no capability, no new privilege, and a root of its own that holds Node, the libraries that it
 * is linked with, the guest's program and the isolate's addon: no /proc, no /dev, nothing that can be written.
 */
function inBubblewrap(bubblewrap: string): Wrapping {
  const filtered = arch === "x64";
  const command: Wrapping["command"] = ({ guest, filter }, addon) => {
    const files = [
      ...sharedObjects().map((path) => [path, path] as const),
      [process.execPath, INSIDE.node] as const,
      [guest, INSIDE.guest] as const,
      [addon.path, INSIDE.addon] as const,
    ];
    const wrapped = shellCommand([
      bubblewrap,
      ...["--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--as-pid-1"],
      ...files.flatMap(([from, to]) => ["--ro-bind", from, to]),
      ...["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--remount-ro", "/"],
      ...["--info-fd", `${INFO_FD}`],
      ...(filtered ? ["--seccomp", `${FILTER_FD}`] : []),
      ...["--", INSIDE.node, ...guestArguments(INSIDE.guest, INSIDE.addon)],
    ]);
    return filtered ? { ...wrapped, filterFd: openSync(filter, "r") } : wrapped;
  };
  const walls = ["rlimits", "no-new-privs", "namespaces", ...(filtered ? ["seccomp"] : [])];
  return { name: "bubblewrap", walls, command };
}

/** Closes what a command has opened for its process. */
export function release({ filterFd }: Command): void {
  if (filterFd !== undefined) closeSync(filterFd);
}

let linked: readonly string[] | undefined;

/** The libraries of this Node and their loader, by the names under which the loader opened them. */
function sharedObjects(): readonly string[] {
  if (linked !== undefined) return linked;
  // Only these two parts of a report take time.
  const report = process.report as typeof process.report & { excludeNetwork: boolean; excludeEnv: boolean };
  const { excludeEnv, excludeNetwork } = report;
  Object.assign(report, { excludeEnv: true, excludeNetwork: true });
  const { sharedObjects: objects } = report.getReport() as { readonly sharedObjects: readonly string[] };
  Object.assign(report, { excludeEnv, excludeNetwork });
  linked = objects.filter((path) => path.startsWith("/") && /\.so(\.|$)|\/ld-/.test(path) && !path.endsWith(".node"));
  return linked;
}

/** Which of the walls that a wrapping promises cannot be seen on process `pid`: none, where it is what it should be. */
export function missingWalls(pid: number, { walls }: Wrapping): readonly string[] {
  return walls.filter((wall) => !(SIGNS[wall]?.(pid) ?? false));
}

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];

/** How each wall shows from outside: proc_pid_status(5), proc_pid_limits(5), namespaces(7). */
const SIGNS: Readonly<Record<string, (pid: number) => boolean>> = {
  rlimits: (pid) => {
    const limits = readFileSync(`/proc/${pid}/limits`, "latin1");
    return RLIMITS.every(({ name, max }) => {
      const hard = new RegExp(`^${name} +\\S+ +(\\d+) `, "m").exec(limits)?.[1];
      return hard !== undefined && Number(hard) <= max;
    });
  },
  "no-new-privs": (pid) => status(pid, "NoNewPrivs") === "1",
  // One more than this process is under itself.
  seccomp: (pid) => Number(status(pid, "Seccomp_filters")) > Number(status("self", "Seccomp_filters")),
  namespaces: (pid) =>
    NAMESPACES.every((kind) => namespace(pid, kind) !== namespace("self", kind)) &&
    ["CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"].every((set) => /^0+$/.test(status(pid, set))),
};

function status(pid: number | "self", field: string): string {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  return new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(text)?.[1] ?? "";
}

function namespace(pid: number | "self", kind: string): string {
  return readlinkSync(`/proc/${pid}/ns/${kind}`);
}
