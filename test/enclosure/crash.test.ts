// Why a guest process died, told from its exit status, signal and stderr.
import { expect, test } from "vitest";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { Crash } from "../../src/enclosure/crash.ts";
import { GUEST_EXIT } from "../../src/enclosure/frames.ts";

const limits = { ...DEFAULT_SESSION_LIMITS, memoryBytes: 1000, wallMs: 500 };

function crashWith(stderr: string): Crash {
  const crash = new Crash();
  for (let at = 0; at < stderr.length; at += 1000) crash.hear(Buffer.from(stderr.slice(at, at + 1000)));
  return crash;
}

test("what V8 says when there is no memory is the memory limit", () => {
  const memory = { kind: "limit", limit: "memory", used: 1000, max: 1000, claimed: true };
  const fatal = "\n#\n# Fatal JavaScript invalid size error 1\n# FATAL ERROR: invalid array length Allocation failed\n";
  expect(crashWith(fatal).judge(null, "SIGTRAP", limits)).toEqual(memory);
  expect(crashWith("terminate called after throwing std::bad_alloc").judge(null, "SIGABRT", limits)).toEqual(memory);
  expect(crashWith("").judge(GUEST_EXIT.memory, null, limits)).toEqual(memory);
});

test("a turn that was cut is the wall limit, a broken bridge a broken protocol", () => {
  expect(crashWith("").judge(GUEST_EXIT.turn, null, limits)).toEqual({
    kind: "limit",
    limit: "wall",
    used: 500,
    max: 500,
    claimed: true,
  });
  expect(crashWith("").judge(GUEST_EXIT.broken, null, limits)).toMatchObject({ kind: "protocol" });
});

test("anything else is a crash, with the first words of stderr in plain characters, bounded", () => {
  expect(crashWith("").judge(0, null, limits)).toEqual({ kind: "crashed", detail: "it exited with status 0" });
  expect(crashWith("\n###\n\u001b[31moops\n").judge(null, "SIGSEGV", limits)).toEqual({
    kind: "crashed",
    detail: "it died of SIGSEGV, saying: [31moops",
  });
  const { detail } = crashWith("x".repeat(1e6)).judge(9, null, limits) as { detail: string };
  expect(detail.length).toBeLessThan(400);
});

test("a signal that is no sign of memory running out is a crash, whatever stderr says", () => {
  for (const signal of ["SIGSYS", "SIGKILL", "SIGTERM"] as const) {
    expect(crashWith("out of memory").judge(null, signal, limits)).toEqual({
      kind: "crashed",
      detail: `it died of ${signal}, saying: out of memory`,
    });
  }
  expect(crashWith("out of memory").judge(9, null, limits)).toMatchObject({ kind: "crashed" });
});

test("before the agent began no limit can have struck", () => {
  expect(crashWith("out of memory").judge(null, "SIGABRT", undefined)).toMatchObject({ kind: "crashed" });
});
