// A host process that runs many sessions, one after the other, that end in every ordinary way, and tells after every so
// many of them what it holds: one line of JSON each.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRuntime } from "agent-enclosure";
import type { Vitals } from "./vitals.ts";
import { vitalsOf } from "./vitals.ts";

export interface Sample extends Vitals {
  readonly sessions: number;
}

/** By how their session ends. */
const AGENTS: Readonly<Record<string, string>> = {
  completed: 'console.log("a line"); return await files.readText("/in/a.txt");',
  failed: 'await files.readText("/in/none.txt");',
  denied: 'await files.readText("/in/../b.txt");',
  limit: "for (;;) note('x'.repeat(60_000));",
  stalled: "await new Promise(() => {});",
};

const [folder, count, every] = process.argv.slice(2) as [string, string, string];
// What is made in a folder for temporary files is counted with the rest.
process.env["TMPDIR"] = join(folder, "tmp");
for (const name of ["tmp", "in"]) mkdirSync(join(folder, name));
writeFileSync(join(folder, "in", "a.txt"), "text");
const manifest = join(folder, "enclosure.yaml");
writeFileSync(
  manifest,
  `enclosure: 1
name: endurance
version: "1"
capabilities: { files: { use: fs, mounts: { /in: { path: in, access: ro } } } }
`,
);
for (const [name, body] of Object.entries(AGENTS)) {
  const text = `import { files, note } from "enclosure:caps";\nvoid [files, note];\nexport default async () => { ${body} };\n`;
  writeFileSync(join(folder, `${name}.ts`), text);
}

const runtime = await openRuntime({ store: join(folder, "audit.db"), home: join(folder, "home") });
const names = Object.keys(AGENTS);
for (let sessions = 0; sessions <= Number(count); sessions++) {
  if (sessions > 0 && sessions % Number(every) === 0) {
    process.stdout.write(`${JSON.stringify({ sessions, ...vitalsOf(folder) } satisfies Sample)}\n`);
  }
  const name = names[sessions % names.length] as string;
  const { status } = await runtime.run({ agent: join(folder, `${name}.ts`), manifest });
  if (status !== name) throw new Error(`${name} ended as ${status}`);
}
await runtime.close();
