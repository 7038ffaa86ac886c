import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { spellVerifierKey } from "../../src/audit/note.ts";
import { isFault } from "../../src/base/errors.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import {
  findVerifierKey,
  findWrappingKey,
  loadLogKeys,
  logFolder,
  makeLogKeys,
  makeOrigin,
  removeLogKeys,
} from "../../src/outside/keys.ts";
import { temporaryFolder } from "../support/folder.ts";

const origin = "enclosure.local/0123456789abcdef";
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return isFault(error) ? error.code : String(error);
  }
  return undefined;
};

describe("the keys of a log", () => {
  it("are made once and loaded again", () => {
    const home = temporaryFolder();
    const made = makeLogKeys(home, origin, systemRandom);
    const loaded = loadLogKeys(home, origin);
    expect(loaded.verifier).toEqual(made.verifier);
    expect(loaded.wrapping).toEqual(made.wrapping);
    expect(findVerifierKey(home, origin)).toEqual(made.verifier);
    expect(findWrappingKey(home, origin)).toEqual(made.wrapping);
    expect(readFileSync(join(made.folder, "log.vkey"), "utf8")).toBe(`${spellVerifierKey(made.verifier)}\n`);
  });

  it("say where they cannot be written, and leave nothing behind", () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(codeOf(() => makeLogKeys(file, origin, systemRandom))).toBe("KEY_UNWRITABLE");
    const home = temporaryFolder();
    const folder = logFolder(home, origin);
    mkdirSync(join(folder, "log.vkey"), { recursive: true });
    expect(codeOf(() => makeLogKeys(home, origin, systemRandom))).toBe("KEY_UNWRITABLE");
    expect(existsSync(folder)).toBe(false);
  });

  it("are readable by their owner alone, and leave nothing half-made behind", () => {
    const { folder } = makeLogKeys(temporaryFolder(), origin, systemRandom);
    const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
    expect(Object.fromEntries(modes)).toEqual({
      "log.key": 0o600,
      "log.vkey": expect.any(Number) as number,
      "payload.key": 0o600,
      "person.key": 0o600,
    });
  });

  it.each(["log.key", "payload.key", "person.key"])("are a fault where others can read %s", (name) => {
    const home = temporaryFolder();
    const { folder } = makeLogKeys(home, origin, systemRandom);
    chmodSync(join(folder, name), 0o640);
    expect(codeOf(() => loadLogKeys(home, origin))).toBe("KEY_EXPOSED");
  });

  it.each(["log.key", "payload.key", "person.key"])("are a fault where %s is gone or is no key", (name) => {
    const home = temporaryFolder();
    const { folder } = makeLogKeys(home, origin, systemRandom);
    writeFileSync(join(folder, name), "no key");
    expect(codeOf(() => loadLogKeys(home, origin))).toBe("KEY_INVALID");
    rmSync(join(folder, name));
    expect(codeOf(() => loadLogKeys(home, origin))).toBe("KEY_MISSING");
  });

  it("are found where they are, and not where they are not", () => {
    const home = temporaryFolder();
    expect(findVerifierKey(home, origin)).toBeUndefined();
    expect(findWrappingKey(home, origin)).toBeUndefined();
    makeLogKeys(home, origin, systemRandom);
    removeLogKeys(home, origin);
    expect(findVerifierKey(home, origin)).toBeUndefined();
  });
});

describe("an origin", () => {
  it("is made at random, and names a folder", () => {
    const made = makeOrigin(systemRandom);
    expect(made).toMatch(/^enclosure\.local\/[0-9a-f]{16}$/);
    expect(logFolder("/home", made)).toBe(join("/home", "logs", made.slice(-16)));
    expect(makeOrigin(systemRandom)).not.toBe(made);
  });

  it.each(["enclosure.local/../../etc", "enclosure.local/", "other.example/0123456789abcdef", ""])(
    "that is %j names no folder",
    (text) => {
      expect(codeOf(() => logFolder("/home", text))).toBe("LOG_INVALID");
    },
  );
});
