// What a process holds: memory after a collection, descriptors, children, and the files of a folder; and how each of them
// grows, by a line that one odd sample does not turn.

import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Vitals {
  readonly residentKiB: number;
  readonly heapKiB: number;
  readonly externalKiB: number;
  readonly descriptors: number;
  readonly children: number;
  readonly files: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Of this process, and of the files under `folder`. */
export function vitalsOf(folder: string): Vitals {
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    residentKiB: rss / 1024,
    heapKiB: heapUsed / 1024,
    externalKiB: external / 1024,
    descriptors: readdirSync("/proc/self/fd").length,
    children: childrenOf(process.pid),
    files: readdirSync(folder, { recursive: true }).length,
  };
}

function childrenOf(parent: number): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === parent).length;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** The median of the slopes between all pairs of points (Theil and Sen). */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).map(([x2, y2]) => (y2 - y) / (x2 - x)));
  return slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? NaN;
}
