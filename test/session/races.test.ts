// Races between what the guest gives up and what the host delivers at the same moment: timers that are cleared while they
// fire, calls that are cancelled while they settle. None of them ends a session, loses a place in the window or a record.

import { expect, it } from "vitest";
import { makeWorld } from "./world.ts";

const MODULE = `import { defineCapability, defineModule } from "agent-enclosure";
import { setTimeout as wait } from "node:timers/promises";
export default defineModule(() => [
  defineCapability({ name: "look", effect: "read", run: async ({ ms }: { ms: number }) => { if (ms > 0) await wait(ms); return ms; } }),
]);
`;

function world(limits = "") {
  const made = makeWorld(`${limits}capabilities: { desk: { use: module, from: ./desk.ts, allow: [look] } }\n`);
  made.write("desk.ts", MODULE);
  return made;
}

it("clears timers at the moment at which they fire", async () => {
  const { result } = await world().run(`import { desk } from "enclosure:caps";
    let fired = 0;
    for (let i = 0; i < 120; i++) {
      const timers = [0, 1, 1, 2].map((ms) => setTimeout(() => { fired++; }, ms));
      await desk.look({ ms: i % 3 });
      for (const timer of timers) clearTimeout(timer);
    }
    export default fired >= 0;`);
  expect(result).toMatchObject({ status: "completed", output: true, calls: { admitted: 120 } });
});

it("cancels calls at the moment at which they settle, many more of them than the window holds", async () => {
  const { result, bodies } = await world("limits: { inFlight: 4, calls: 1000 }\n")
    .run(`import { desk } from "enclosure:caps";
    const codes = {};
    for (let i = 0; i < 150; i++) {
      const stop = new AbortController();
      const call = desk.look({ ms: i % 3 }, { signal: stop.signal }).then(() => "done", (e) => e.name);
      await new Promise((resolve) => setTimeout(resolve, i % 3));
      stop.abort();
      const how = await call;
      codes[how] = (codes[how] ?? 0) + 1;
    }
    export default codes;`);
  expect(result.status).toBe("completed");
  expect(
    Object.keys(result.output as object).every((how) =>
      ["done", "AbortError", "CapabilityFailed", "CapabilityDenied"].includes(how),
    ),
  ).toBe(true);
  const calls = bodies("call.intended").length;
  expect(bodies("call.settled")).toHaveLength(calls);
});

it("gives a place in the window back for each call, however it ended", async () => {
  const { result } = await world("limits: { inFlight: 2, calls: 1000 }\n").run(`import { desk } from "enclosure:caps";
    for (let i = 0; i < 20; i++) {
      const stop = new AbortController();
      const calls = [desk.look({ ms: 1 }, { signal: stop.signal }), desk.look({ ms: 0 })];
      stop.abort();
      await Promise.allSettled(calls);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const refused = await Promise.allSettled([1, 2, 3, 4].map(() => desk.look({ ms: 1 })));
    export default refused.map((r) => r.status === "fulfilled" ? "ok" : r.reason.code);`);
  expect(result.output).toEqual(["ok", "ok", "IN_FLIGHT_EXCEEDED", "IN_FLIGHT_EXCEEDED"]);
});
