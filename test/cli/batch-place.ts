// A folder with jobs for a batch: an agent that appends its name to one file, so that a second run of a job would show, and
// then does as it is told.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, type Place } from "./script.ts";

const MANIFEST = `enclosure: 1
name: worker
version: "1"
capabilities:
  files: { use: fs, mounts: { /out: { path: ./out, access: rw } } }
`;

export const AGENT = `import { files } from "enclosure:caps";
export default async ({ name, then }: { name: string; then: string }) => {
  if (then !== "wait before") await files.append("/out/done.txt", name + "\\n");
  if (then === "throw") throw new Error("as told");
  if (then.startsWith("wait")) { console.log("now waiting"); await new Promise((done) => setTimeout(done, 60_000)); }
  return name;
};
`;

export function batchPlace(): Place {
  const place = makePlace();
  place.write({ "enclosure.yaml": MANIFEST, "agent.ts": AGENT, "out/done.txt": "" });
  return place;
}

export function jobs(...list: readonly (readonly [id: string, then: string])[]): string {
  return list.map(([id, then]) => `${JSON.stringify({ id, agent: "agent.ts", input: { name: id, then } })}\n`).join("");
}

export const done = (place: Place): readonly string[] =>
  readFileSync(join(place.folder, "out/done.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .sort();
export const lines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
