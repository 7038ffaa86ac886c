// A host process for tests: starts a guest, insisting on the operating system's sandbox where its argument is "true", and
// prints what it learned of its walls.
import { EnclosureError } from "../../src/base/errors.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { PROGRAMS } from "./session.ts";

const guest = spawnGuest({ programs: PROGRAMS, requireOsSandbox: process.argv[2] === "true" });
try {
  const { lacking, walls } = await guest.facts;
  console.log(JSON.stringify({ walls, lacking }));
} catch (error) {
  if (!(error instanceof EnclosureError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
await guest.stop();
