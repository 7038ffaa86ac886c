// How the guest process is started: the one place that knows its flags, its environment and the files that it may read.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EnclosureError } from "../base/errors.ts";
import { inheritableDescriptors } from "./proc.ts";

/** The Node line that the guest runs on: its permission model denies the network too, and the addon is built for it. */
const NODE_MAJOR = 26;

/** The guest's environment, whole: fixed zone and locale, nothing of the host's. */
export const GUEST_ENVIRONMENT: Readonly<Record<string, string>> = { TZ: "UTC", LC_ALL: "en_US.UTF-8" };

/** Flags of Node and V8 that hold the walls or keep runs equal; the record names them. The agent's stack is in child.ts. */
export const GUEST_FLAGS: readonly string[] = [
  "--permission",
  "--allow-addons",
  "--no-node-snapshot",
  "--single-threaded",
  "--disable-proto=throw",
  "--disable-sigusr1",
  // A door to files that the permission model does not watch.
  "--no-experimental-sqlite",
  "--stack-size=1240",
  "--no-warnings",
];

export interface Addon {
  readonly path: string;
  readonly version: string;
}

/** The isolate's addon for this machine. @throws EnclosureError GUEST_START_FAILED when it is not installed */
export function findAddon(): Addon {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("isolated-vm/package.json"));
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    const path = addonFiles(folder).find((file) => existsSync(file));
    if (path !== undefined) return { path: realpathSync(path), version };
  } catch (cause) {
    throw new EnclosureError("GUEST_START_FAILED", "the package isolated-vm is not installed", { cause });
  }
  const { platform, arch } = process;
  throw new EnclosureError(
    "GUEST_START_FAILED",
    `isolated-vm has no build for ${platform} ${arch} and Node ${NODE_MAJOR}`,
  );
}

/** Where the package keeps its builds, most fitting first: those that came with it, then one made on this machine. */
function addonFiles(folder: string): readonly string[] {
  const builds = join(folder, "prebuilds", `${process.platform}-${process.arch}`);
  const libc = existsSync("/etc/alpine-release") ? "musl" : "glibc";
  const abi = process.versions.modules;
  return [
    join(builds, `isolated-vm.abi${abi}.${libc}.node`),
    join(builds, `isolated-vm.abi${abi}.node`),
    join(folder, "build", "Release", "isolated_vm.node"),
  ];
}

/**
 * The arguments of Node as a guest process, by the paths under which it finds its program and its addon, and the
 * descriptors that it is to close first.
 * @throws EnclosureError GUEST_START_FAILED on another Node than it needs
 */
export function guestArguments(program: string, addonPath: string): readonly string[] {
  if (!process.versions.node.startsWith(`${NODE_MAJOR}.`)) {
    throw new EnclosureError(
      "GUEST_START_FAILED",
      `this is Node ${process.versions.node}, the guest needs Node ${NODE_MAJOR}`,
    );
  }
  const readable = [program, addonPath].map((path) => `--allow-fs-read=${path}`);
  return [...GUEST_FLAGS, ...readable, program, addonPath, ...inheritableDescriptors().map(String)];
}
