// The door where the agent's stack is full: an overflow stays the agent's own RangeError, shows nothing of the process
// behind the door, and leaves both sides with the same count of what was said.
import { expect, test } from "vitest";
import { Bridge } from "../../src/enclosure/guest/bridge.ts";
import { play, START } from "./session.ts";

/** Goes as deep as the stack lets it, doing `down` on the way, and `up` in every frame that is left by the overflow. */
const dive = (down: string, up: string): string => `
  let depth = 0;
  const fall = () => {
    depth++;
    ${down}
    try { fall(); } catch (error) { ${up} throw error; }
  };
  let caught;
  try { fall(); } catch (error) { caught = error; }`;

const HOST = /node:|\.cjs|boundary|\/(?:work|home|root|tmp|usr|proc)\//;

test.for([
  ["says a line", 'if (depth % 50 === 0) console.log("x");'],
  ["notes", 'if (depth % 50 === 0) note("x");'],
  ["arms a timer", "if (depth % 50 === 0) setTimeout(() => {}, 1e6);"],
] as const)("an agent that %s on its way down catches a RangeError of its own", async ([, down]) => {
  const { output } = await play(
    `${dive(down, "")} return [caught instanceof RangeError, caught.message, caught.stack];`,
    {
      holdTimers: true,
    },
  );
  const [own, message, stack] = output as [boolean, string, string];
  expect([own, message]).toEqual([true, "Maximum call stack size exceeded"]);
  expect(stack).toContain("agent.js:");
  expect(stack).not.toMatch(HOST);
});

test("whatever is thrown behind the door, the agent gets a RangeError that shows nothing of it", () => {
  const post = (): number => {
    throw new Error("at serve (guest.cjs:858:1)");
  };
  const say = (): void => new Bridge(post, START.limits).log("info", "x");
  expect(say).toThrow(expect.objectContaining({ name: "RangeError", message: "Maximum call stack size exceeded" }));
});

test("what is said while an overflow unwinds is counted the same on both sides", async () => {
  const up = `
    let timer;
    try { timer = setTimeout(() => {}, 1e6); set++; } catch {}
    if (timer !== undefined) try { clearTimeout(timer); cleared++; } catch {}
    if (calls < 10) try { capabilities.desk.get({}).catch(() => { calls--; }); calls++; } catch {}`;
  const { output, messages } = await play(
    `let set = 0, cleared = 0, calls = 0; ${dive("", up)} await null; return { timerSet: set, timerCleared: cleared, call: calls };`,
    { holdTimers: true, answer: () => undefined },
  );
  const counts = { timerSet: 0, timerCleared: 0, call: 0 };
  for (const { type } of messages) if (type in counts) counts[type as keyof typeof counts]++;
  expect(output).toEqual(counts);
  expect(counts).toMatchObject({ timerSet: expect.toSatisfy((set: number) => set > 1000), call: 10 });
});

test("a timer that found no room to be cleared is still there to clear", async () => {
  const { output, messages } = await play(
    `const timer = setTimeout(() => {}, 1e6); let cleared = 0;
    ${dive("", "if (cleared === 0) { clearTimeout(timer); cleared++; }")} return cleared;`,
    { holdTimers: true },
  );
  expect(output).toBe(1);
  expect(messages.map(({ type }) => type)).toEqual(["timerSet", "timerCleared", "done", "quiet"]);
});

test("the stack is as deep in every run and every turn's like", async () => {
  const body = `
    const depths = [];
    for (let i = 0; i < 3; i++) { ${dive('if (depth % 50 === 0) console.log("x");', "")} depths.push(depth); await capabilities.desk.get({}); }
    return depths;`;
  const [first, second] = await Promise.all([play(body), play(body)]);
  expect(second.output).toEqual(first.output);
  expect((first.output as number[])[0]).toBeGreaterThan(5000);
});
