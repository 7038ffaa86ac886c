// A process of its own with one fs grant, that may see other disks than its parent:
//   mounted.ts <folder> <calls as JSON, [[fn, args], …]>
// The grant has the folder's `in`, with `/in/private/**` denied, and its `out`. Tells on stdout what became of each call,
// as a JSON list; `{ "refused": CODE }` where the grant cannot be provided at all.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { EnclosureError } from "../../../src/base/errors.ts";
import type { Performed } from "../../../src/broker/contract.ts";
import { makeFsProvider } from "../../../src/capabilities/fs/provider.ts";
import { type FsConfig, fsKind } from "../../../src/kinds/fs/kind.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";

const [folder = "", calls = "[]"] = process.argv.slice(2);
const mounts = {
  "/in": { path: join(folder, "in"), access: "ro" },
  "/out": { path: join(folder, "out"), access: "rw" },
};
const { grant } = compiled(fsKind, "files", { mounts, deny: ["/in/private/**", "/out/kept.txt"] });
const config = grant.config as unknown as FsConfig;
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
try {
  const provider = makeFsProvider({ config, secrets: loadSecrets({}, { env: {}, folder: "/" }), random });
  const said: Performed[] = [];
  for (const [fn, args] of JSON.parse(calls) as readonly (readonly [string, object])[]) {
    const context = { signal: new AbortController().signal, resultBytesMax: 64 * 1024 };
    said.push(await provider.perform(admitted(grant, fn, args), context));
  }
  process.stdout.write(JSON.stringify(said));
  await provider.close();
} catch (error) {
  if (!(error instanceof EnclosureError)) throw error;
  process.stdout.write(JSON.stringify({ refused: error.code }));
}
