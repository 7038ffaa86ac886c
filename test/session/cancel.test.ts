// An agent that gives up on calls: the window of a real guest comes back, however often it does.

import { describe, expect, it } from "vitest";
import { makeWorld } from "./world.ts";

describe("an agent that gives up on more calls than may be in flight", () => {
  it("can go on calling once their outcomes have come, and each stands in the record as cancelled", async () => {
    const world = makeWorld(`limits: { inFlight: 2, wall: 10s }
capabilities:
  web: { use: http, allow: ["GET https://api.example.invalid/**"] }
  files: { use: fs, mounts: { /in: { path: data, access: ro } } }
`);
    world.write("data/a.txt", "a");
    const { result, bodies } = await world.run(`import { files, web } from "enclosure:caps";
      void web;
      const names = [];
      while (names.length < 5) {
        const stop = new AbortController();
        const waiting = fetch("https://api.example.invalid/x", { signal: stop.signal });
        stop.abort();
        const { name, code } = await waiting.catch((e) => e);
        if (code !== "IN_FLIGHT_EXCEEDED") names.push(name);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      export default { names, text: await files.readText("/in/a.txt") };`);
    expect(result.output).toEqual({ names: Array(5).fill("AbortError"), text: "a" });
    expect(bodies("call.cancelled")).toHaveLength(5);
    expect(
      bodies("call.settled")
        .slice(0, 5)
        .map(({ data }) => data.delivered),
    ).toEqual(Array(5).fill("true"));
    expect(result.calls).toMatchObject({ admitted: 6 });
  });
});
