// Agents that would run for ever or take everything, and the limit that each of them runs into. What they are measured
// by is in limits.ts; that each is ended by its limit is a test (test/slow/limits.test.ts).

export interface Attack {
  readonly name: string;
  /** The body of the agent's function; it has the capability `files`. */
  readonly body: string;
  /** The manifest's limits, beyond their defaults. */
  readonly limits: Readonly<Record<string, string>>;
  /** How its session ends: the limit's name, or a status. */
  readonly end: string;
  /** False where what the guest has written does not tell when it reached its limit. */
  readonly timed?: false;
}

const CPU = { cpu: "300ms", memory: "1GiB", wall: "10m" };
const MEMORY = { memory: "64MiB", cpu: "60s", wall: "10m" };

function attacks(end: string, limits: Attack["limits"], bodies: Readonly<Record<string, string>>): readonly Attack[] {
  return Object.entries(bodies).map(([name, body]) => ({ name: `${end}: ${name}`, body, limits, end }));
}

export const ATTACKS: readonly Attack[] = [
  ...attacks("cpu", CPU, {
    "a loop": "for (;;);",
    "a loop after an await": "await null; for (;;);",
    "a loop after a call": 'await files.readText("/out/a.txt").catch(() => {}); for (;;);',
    "a getter of a thrown error": "throw { get message() { for (;;); } };",
    "a getter of a rejection that nobody handles":
      "Promise.reject({ get stack() { for (;;); } }); await 1; await new Promise(() => {});",
    microtasks: "const f = (): Promise<void> => Promise.resolve().then(f); f(); await new Promise(() => {});",
    "a regular expression": '/^(a+)+$/.test("a".repeat(40) + "b"); for (;;);',
    "one replace": '"x".repeat(2 ** 26).replace(/x/g, "yyyyyy"); for (;;);',
    "one power of a BigInt": "const x = 3n ** 20_000_000n; for (let y = x; ; ) y = (y * x) % (x + 1n);",
    "sorting typed arrays":
      "const a = new Float64Array(2 ** 25).map((_, i) => -i * 1.1); for (;;) { a.sort(); a.reverse(); }",
    "sorting with a comparator that lies":
      "const a = Array.from({ length: 2 ** 20 }, (_, i) => i); for (;;) a.sort(() => -1);",
    "JSON both ways":
      "const t = JSON.stringify(Array.from({ length: 2 ** 20 }, (_, i) => ({ i }))); for (;;) JSON.stringify(JSON.parse(t));",
    structuredClone: "const v = Array.from({ length: 2 ** 18 }, (_, i) => ({ i })); for (;;) structuredClone(v);",
    Intl: 'for (;;) new Intl.DateTimeFormat("de", { timeZone: "Asia/Kathmandu", dateStyle: "full" }).format(1e12);',
    "calls that are refused in the guest": "for (;;) files.stat({ path: 1 } as never).catch(() => {});",
  }),
  ...attacks("memory", MEMORY, {
    objects: "const kept = []; for (;;) kept.push(new Array(1000).fill({}));",
    "arrays of arrays": "let a: unknown[] = []; for (;;) a = [a, a, new Array(1e6).fill(1.5)];",
    "one huge array": "const v = new Array(100 * 2 ** 20); let i = v.length; while (i--) v[i] = 0; for (;;);",
    texts: 'let t = "x".repeat(1024); const kept = []; for (;;) kept.push((t += t + "y").split(""));',
    "one huge argument":
      'const text = "x".repeat(2 ** 28); for (;;) await files.write("/out/a.txt", text).catch(() => {});',
    buffers: "const kept = []; for (;;) { try { kept.push(new Uint8Array(1e6).fill(1)); } catch {} }",
    "buffers that are resized":
      "const kept = []; for (;;) { try { const b = new ArrayBuffer(1, { maxByteLength: 2 ** 24 }); b.resize(2 ** 24); new Uint8Array(b).fill(1); kept.push(b); } catch {} }",
    "a map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });",
    "big integers": "const kept = []; for (let i = 1n; ; i++) kept.push((1n << 4_000_000n) + i);",
    "what a regular expression finds": 'const kept = []; for (;;) kept.push("x".repeat(2 ** 18).match(/./g));',
    "promises that wait": "const kept = []; for (;;) kept.push(new Promise((r) => setTimeout).then(() => {}));",
    "pending callbacks":
      "const f = (): void => { queueMicrotask(f); queueMicrotask(f); }; f(); await null; await new Promise(() => {});",
  }),
  ...attacks("wall", { wall: "500ms" }, { "waiting for nothing": "await new Promise((r) => setTimeout(r, 1e6));" }),
  ...attacks(
    "log",
    {},
    {
      lines: 'for (;;) console.log("x".repeat(1000));',
      "empty lines": "for (;;) console.log();",
      notes: 'for (;;) note("x".repeat(100));',
      "one huge note": 'note("x".repeat(2 ** 24)); for (;;);',
    },
  ),
  ...attacks(
    "log",
    {},
    {
      intervals: "for (let i = 0; i < 900; i++) setInterval(() => {}, 1); await new Promise(() => {});",
      "timers that are cleared": "for (;;) clearTimeout(setTimeout(() => {}, 1));",
    },
  ).map((attack) => ({ ...attack, timed: false as const })),
  ...attacks("timers", {}, { "timers without end": "for (;;) setTimeout(() => {}, 1e6);" }),
  ...attacks(
    "calls",
    {},
    {
      "calls one after the other": 'for (;;) await files.stat("/out").catch(() => {});',
      "calls that are denied":
        'const f = async () => { for (;;) await files.readText("/no").catch(() => {}); }; await Promise.all(Array.from({ length: 16 }, f));',
      "calls with arguments of 1 MiB":
        'const t = "x".repeat(2 ** 20 - 100); const f = async () => { for (;;) await files.readText(t).catch(() => {}); }; await Promise.all(Array.from({ length: 16 }, f));',
    },
  ),
  ...attacks(
    "failed",
    {},
    {
      "a huge error": 'const e = new Error("m".repeat(2 ** 24)); e.stack = "s".repeat(2 ** 24); throw e;',
      "an output nested 100000 deep": "let v: unknown = 0; for (let i = 0; i < 1e5; i++) v = [v]; return v;",
      "an output of 8 MiB": 'return "x".repeat(2 ** 23);',
      "an output of too many parts": 'return Array.from({ length: 690_000 }, () => "abc");',
      "an output of too many keys":
        "return Object.fromEntries(Array.from({ length: 190_000 }, (_, i) => [`name${i}`, i]));",
    },
  ),
  ...attacks(
    "completed",
    {},
    {
      "an output of 4 MiB, one text": 'return "x".repeat(2 ** 22 - 2);',
      "an output of 4 MiB, many parts": 'return Array.from({ length: 95_000 }, (_, i) => "0123456789ab" + (1e6 + i));',
      "an output of as many keys as there may be":
        "return Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`name${i}`, i]));",
      "an output of objects that are all different":
        "const k = Array.from({ length: 99 }, (_, i) => `k${i}`); return Array.from({ length: 9_500 }, (_, i) => Object.fromEntries(Array.from({ length: 9 }, (_, j) => [k[(i * (j + 1) + j * j) % 99], 1])));",
    },
  ),
];

const LARGE = { wall: "10m", cpu: "5m", memory: "2GiB" };

/** The most that a manifest may allow. */
export const LARGEST: readonly Attack[] = [
  ...attacks(
    "completed",
    { ...LARGE, argument: "16MiB" },
    {
      "an argument of 16 MiB, one text": 'await files.write("/out/a.txt", "x".repeat(2 ** 24 - 100));',
      "an argument of 16 MiB, many parts":
        'const t = "x".repeat(70); await files.write(Array.from({ length: 95_000 }, (_, i) => t + (1e6 + i)) as never, "x").catch(() => {});',
    },
  ),
  ...attacks(
    "completed",
    { ...LARGE, result: "32MiB" },
    {
      "an output of 32 MiB, one text": 'return "x".repeat(2 ** 25 - 2);',
      "an output of 32 MiB, many parts":
        'const t = "x".repeat(150); return Array.from({ length: 95_000 }, (_, i) => t + (1e6 + i));',
    },
  ),
  ...attacks("log", { ...LARGE, log: "64MiB" }, { "64 MiB of lines": 'for (;;) console.log("x".repeat(1000));' }),
  ...attacks(
    "completed",
    { ...LARGE, calls: "10000", inFlight: "1024" },
    {
      "1024 calls in flight":
        'await Promise.all(Array.from({ length: 1024 }, (_, i) => files.write(`/out/${i % 8}.txt`, "x")));',
    },
  ),
];

/** Ordinary work, which a host has done before it meets an attack. */
export const WARM: Attack = {
  name: "warm",
  body: 'for (let i = 0; i < 200; i++) { for (let n = 0; n < 10; n++) console.log(n); await files.stat("/out"); } return 1;',
  limits: {},
  end: "completed",
};

/** What the host does beside no attack at all. */
export const IDLE: Attack = {
  name: "idle",
  body: "await new Promise((r) => setTimeout(r, 800)); return 1;",
  limits: {},
  end: "completed",
};

/** The agent of an attack, and its manifest; a folder `out` lies beside them. */
export function agentOf({ body }: Attack): string {
  return `import { files, note } from "enclosure:caps";\nvoid [files, note];\nexport default async (): Promise<unknown> => { ${body} };\n`;
}

export function manifestOf({ limits }: Attack): string {
  const spelled = Object.entries(limits).map(([name, bound]) => `${name}: ${bound}`);
  return `enclosure: 1
name: attacker
version: "1"
limits: { ${spelled.join(", ")} }
capabilities: { files: { use: fs, mounts: { /out: { path: out, access: rw } } } }
`;
}
