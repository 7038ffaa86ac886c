// The filter of the guest's system calls: every number and every argument decided by a plain interpreter of the program,
// and the gravest ones by the kernel itself, on a process that makes the call with the filter and without it.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { guestFilter } from "../../src/enclosure/seccomp.ts";
import { BUBBLEWRAP, BUBBLEWRAP_WORKS } from "../support/bubblewrap.ts";
import { temporaryFolder } from "../support/folder.ts";

const X86_64 = 0xc000003e;

interface Call {
  readonly nr: number;
  readonly arch?: number;
  readonly args?: readonly number[];
}

/** What seccomp(2) would do: "allow", "kill" or the error's number. */
function decide({ nr, arch = X86_64, args = [] }: Call): string | number {
  const words: Record<number, number> = { 0: nr, 4: arch };
  args.forEach((value, index) => {
    words[16 + 8 * index] = value >>> 0;
    words[20 + 8 * index] = Math.floor(value / 2 ** 32);
  });
  const program = Buffer.from(guestFilter());
  let value = 0;
  for (let pc = 0; pc * 8 < program.length; pc++) {
    const [code, yes, no, k] = [0, 2, 3, 4].map((at) =>
      at === 0 ? program.readUInt16LE(pc * 8) : at === 4 ? program.readUInt32LE(pc * 8 + 4) : program[pc * 8 + at],
    ) as [number, number, number, number];
    const holds = { 0x15: value === k, 0x35: value >= k, 0x45: (value & k) !== 0 }[code];
    if (code === 0x20) value = (words[k] ?? 0) >>> 0;
    else if (holds !== undefined) pc += holds ? yes : no;
    else if (code === 0x06) return k === 0x7fff0000 ? "allow" : k === 0x80000000 ? "kill" : k & 0xffff;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the program has no end");
}

describe("the filter", () => {
  test("allows these system calls and no others", () => {
    const allowed = Array.from({ length: 1024 }, (_, nr) => nr).filter((nr) => decide({ nr }) === "allow");
    expect(allowed).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 24, 25, 28, 35, 39, 59, 60, 63, 79, 89, 96,
      98, 99, 102, 104, 107, 108, 125, 131, 143, 145, 158, 186, 200, 202, 204, 218, 219, 228, 229, 230, 231, 232, 233,
      234, 257, 262, 267, 273, 281, 290, 291, 293, 302, 309, 318, 324, 332, 334, 439,
    ]);
  });

  test("ends in a decision for every other number: an error, or the process's death", () => {
    const decisions = Array.from({ length: 1024 }, (_, nr) => decide({ nr }));
    expect([...new Set(decisions)].toSorted()).toEqual([1, 38, "allow", "kill"]);
  });

  test("kills a call of another machine's interface, whatever its number", () => {
    for (const nr of [0, 1, 39, 59]) {
      expect(decide({ nr, arch: 0x40000003 })).toBe("kill");
      expect(decide({ nr: 0x40000000 + nr })).toBe("kill");
    }
  });

  test("lets arguments decide: threads and no process, memory of its own, limits that are asked, descriptors that are its own", () => {
    const [clone, prctl, ioctl] = [56, 157, 16];
    expect(decide({ nr: clone, args: [0x3d0f00] })).toBe("allow");
    for (const flags of [17, 0, 0x10000000, 0x4111]) expect(decide({ nr: clone, args: [flags] })).toBe(1);
    const [fcntl, getsockopt, mmap, prlimit64] = [72, 55, 9, 302];
    for (const command of [1, 2, 3, 4, 1030]) expect(decide({ nr: fcntl, args: [3, command] })).toBe("allow");
    for (const command of [0, 5, 6, 8, 10, 1024, 1031, 1033]) expect(decide({ nr: fcntl, args: [3, command] })).toBe(1);
    expect(decide({ nr: getsockopt, args: [3, 1, 3] })).toBe("allow");
    for (const option of [17, 31, 77]) expect(decide({ nr: getsockopt, args: [3, 1, option] })).toBe(1);
    for (const flags of [0x22, 0x4022, 0x62]) expect(decide({ nr: mmap, args: [0, 1, 3, flags] })).toBe("allow");
    for (const flags of [0x21, 1, 3, 0x8003]) expect(decide({ nr: mmap, args: [0, 1, 3, flags] })).toBe(1);
    expect(decide({ nr: prlimit64, args: [0, 7, 0] })).toBe("allow");
    expect(decide({ nr: prlimit64, args: [0, 7, 4096] })).toBe(1);
    expect(decide({ nr: prlimit64, args: [0, 7, 2 ** 32] })).toBe(1);
    for (const option of [15, 0x53564d41]) expect(decide({ nr: prctl, args: [option] })).toBe("allow");
    for (const option of [1, 4, 22, 24, 38, 47]) expect(decide({ nr: prctl, args: [option] })).toBe(1);
    for (const request of [0x5401, 0x5421]) expect(decide({ nr: ioctl, args: [0, request] })).toBe("allow");
    for (const request of [0x5412, 0x541c, 0x8946]) expect(decide({ nr: ioctl, args: [0, request] })).toBe(1);
  });
});

describe.skipIf(!BUBBLEWRAP_WORKS || process.arch !== "x64")("the kernel, with the filter", () => {
  /** "SIGSYS", or the call's error number, 0 where it succeeded; by a process that makes it and nothing more. */
  function outcome(call: string, filtered: boolean): string {
    const path = join(temporaryFolder(), "filter");
    writeFileSync(path, guestFilter());
    const filter = openSync(path, "r");
    const perl = `$name = "/x"; $limit = "\\0" x 16; $r = syscall(${call}); $e = $! + 0; exit($r == -1 ? $e : 0);`;
    const walls = [
      "--ro-bind",
      "/",
      "/",
      "--dev",
      "/dev",
      "--unshare-all",
      "--as-pid-1",
      ...(filtered ? ["--seccomp", "3"] : []),
    ];
    const { status } = spawnSync(BUBBLEWRAP, [...walls, "perl", "-e", perl], {
      stdio: ["ignore", "ignore", "ignore", filter],
    });
    closeSync(filter);
    return status === 128 + 31 ? "SIGSYS" : `${status}`;
  }

  test.for([
    ["socket", "41, 1, 1, 0", "0", "SIGSYS"],
    ["fork", "57", "0", "SIGSYS"],
    ["clone without a thread", "56, 17, 0, 0, 0, 0", "0", "1"],
    ["ptrace", "101, 0, 0, 0, 0", "0", "SIGSYS"],
    ["kill", "62, $$ + 0, 0", "0", "SIGSYS"],
    ["memfd_create", "319, $name, 0", "0", "SIGSYS"],
    ["prctl, to outlive the host", "157, 1, 0, 0, 0, 0", "0", "1"],
    ["getuid, which is allowed", "102", "0", "0"],
    ["mmap of memory to share", "9, 0, 4096, 3, 0x21, -1, 0", "0", "1"],
    ["mmap of memory of its own", "9, 0, 4096, 3, 0x22, -1, 0", "0", "0"],
    ["fcntl, to hold a lease", "72, 0, 1024, 0", "22", "1"],
    ["prlimit64, to set a limit", "302, 0, 7, $limit, 0", "0", "1"],
    ["prlimit64, to ask for one", "302, 0, 7, 0, $limit", "0", "0"],
    ["getsockopt, for its peer's process", "55, 0, 1, 77, $limit, $limit", "88", "1"],
    ["mkdir", "83, $name, 0", "30", "38"],
    ["io_uring_setup", "425, 1, 0", "14", "38"],
    ["getpid of the x32 interface", "0x40000000 + 39", "38", "SIGSYS"],
  ] as const)("answers %s as it should", ([, call, without, within]) => {
    expect([outcome(call, false), outcome(call, true)]).toEqual([without, within]);
  });
});
