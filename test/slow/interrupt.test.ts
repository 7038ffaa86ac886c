// Ctrl-C and its kin, as a person at a terminal or an orchestrator sends them.
import { expect, test } from "vitest";
import type { Started } from "../cli/script.ts";
import { type Desk, guestsOf, isThere, makeDesk } from "../end-to-end/desk.ts";

const WAITS = `export default async () => { console.log("here"); await new Promise((done) => setTimeout(done, 60_000)); };
`;
const HANGS = `import { desk } from "enclosure:caps";
export default async () => { console.log("here"); await desk.hang({}); };
`;

async function started(desk: Desk, agent: string): Promise<Started> {
  desk.write({ "agent.ts": agent });
  const running = desk.start("run", "agent.ts");
  await running.said("here");
  return running;
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s closes the record as interrupted", async (signal) => {
  const desk = makeDesk();
  const running = await started(desk, WAITS);
  const guests = guestsOf(running.pid);
  expect(guests).toHaveLength(1);
  running.kill(signal);
  const { exit, stderr } = await running.ended;
  expect(exit).toBe(1);
  expect(stderr).toContain("enclosure: stopping; once more to kill");
  expect(stderr).toContain("[SESSION_INTERRUPTED]");
  expect(guests.filter(isThere)).toEqual([]);
  expect(await desk.sessions()).toMatchObject([{ status: "interrupted" }]);
  expect((await desk.verify()).exit).toBe(0);
});

test("a second signal ends it at once, and the next run names what is not known", async () => {
  const desk = makeDesk();
  const running = await started(desk, HANGS);
  const guests = guestsOf(running.pid);
  await expect.poll(() => desk.calls()).toMatchObject([{ function: "hang", effectState: "unknown" }]);
  running.kill("SIGINT");
  await running.said("stopping");
  running.kill("SIGINT");
  // By the signal, as a shell expects of a program that was killed.
  expect(await running.ended).toMatchObject({ exit: null });
  await expect.poll(() => guests.filter(isThere)).toEqual([]);
  expect(await desk.sessions()).toMatchObject([{ status: null }]);
  expect((await desk.verify()).exit).toBe(8);

  desk.write({ "agent.ts": "export default 1;\n" });
  expect((await desk.run("run", "agent.ts")).exit).toBe(0);
  expect(await desk.sessions()).toMatchObject([
    { status: "completed" },
    { status: "interrupted", calls: { admitted: 1, unknown: 1 } },
  ]);
  expect((await desk.verify()).exit).toBe(0);
});

test("a reader of the live lines that goes away does not end the session", async () => {
  const desk = makeDesk();
  const many = 'for (let n = 0; n < 30; n++) await desk.pay({ id: "a", n }); export default 1;';
  desk.write({ "agent.ts": `import { desk } from "enclosure:caps";\n${many}\n` });
  const running = desk.start("run", "agent.ts");
  await running.said("desk.pay");
  running.deafen();
  expect(await running.ended).toMatchObject({ exit: 0 });
  expect(desk.paid()).toHaveLength(30);
  expect(await desk.sessions()).toMatchObject([{ status: "completed" }]);
});
