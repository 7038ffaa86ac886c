import { cpSync, linkSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkApart, identityOf, realPathOf } from "../../src/store/place.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { temporaryFolder } from "../support/folder.ts";
import { newPlace, openWriter } from "./logs.ts";

describe("realPathOf()", () => {
  it("follows links of the file and of its folders, though there is no file yet", () => {
    const folder = temporaryFolder();
    const real = join(folder, "real", "audit.db");
    mkdirSync(join(folder, "real"));
    mkdirSync(join(folder, "deep"));
    symlinkSync(join("..", "real"), join(folder, "deep", "up"));
    symlinkSync(join("deep", "up", "audit.db"), join(folder, "link.db"));
    const names = [real, join(folder, "deep", "up", "audit.db"), join(folder, "link.db")];
    expect(names.map(realPathOf)).toEqual([real, real, real]);
    writeFileSync(real, "");
    expect(names.map(realPathOf)).toEqual([real, real, real]);
    expect(realPathOf(join(folder, "deep", "up", "a", "b"))).toBe(join(folder, "real", "a", "b"));
  });

  it("refuses links that lead in a circle", () => {
    const folder = temporaryFolder();
    symlinkSync("b", join(folder, "a"));
    symlinkSync("a", join(folder, "b"));
    expect(() => realPathOf(join(folder, "a"))).toThrow(expect.objectContaining({ code: "STORE_UNWRITABLE" }) as Error);
  });
});

describe("identityOf()", () => {
  it("stays with a file that is written to, and goes with neither a copy nor a file in its place", () => {
    const folder = temporaryFolder();
    const [path, copy] = [join(folder, "a"), join(folder, "b")];
    writeFileSync(path, "1");
    const own = identityOf(path);
    writeFileSync(path, "2");
    expect(identityOf(path)).toBe(own);
    cpSync(path, copy);
    expect(identityOf(copy)).not.toBe(own);
    renameSync(copy, path);
    expect(identityOf(path)).not.toBe(own);
  });
});

describe("checkApart()", () => {
  it("refuses keys in the store's own folder, by whatever name, and in one that was made for the store", async () => {
    const folder = temporaryFolder();
    const own = join(folder, ".enclosure");
    mkdirSync(own);
    symlinkSync(own, join(folder, "link"));
    for (const home of [own, join(own, "keys"), join(own, "..keys"), join(folder, "link", "keys")]) {
      const refused = expect.objectContaining({ code: "KEY_EXPOSED" }) as Error;
      expect(() => checkApart(join(own, "audit.db"), home), home).toThrow(refused);
      await expect(openWriter({ path: join(folder, "link", "audit.db"), home })).rejects.toEqual(refused);
    }
    expect(readdirSync(own)).toEqual([]);
    await expect(openWriter({ path: join(folder, "audit.db"), home: folder })).rejects.toMatchObject({
      code: "KEY_EXPOSED",
      mend: expect.stringContaining("ENCLOSURE_HOME") as string,
    });
  });

  it("has nothing against a store in a folder that holds all that is the user's", () => {
    const folder = temporaryFolder();
    const own = join(folder, ".enclosure", "audit.db");
    expect(() => checkApart(join(folder, "audit.db"), join(folder, ".config", "enclosure"))).not.toThrow();
    expect(() => checkApart(own, join(folder, ".config", "enclosure"))).not.toThrow();
    expect(() => checkApart(own, folder)).not.toThrow();
    expect(() => checkApart(own, join(folder, ".enclosure-keys"))).not.toThrow();
  });

  it("refuses keys that cannot be reached", () => {
    const folder = temporaryFolder();
    symlinkSync("a", join(folder, "a"));
    const refused = expect.objectContaining({ code: "KEY_UNWRITABLE" }) as Error;
    expect(() => checkApart(join(folder, "audit.db"), join(folder, "a"))).toThrow(refused);
  });
});

describe("a store with two hard links", () => {
  it("is refused by whoever writes, reads or verifies", async () => {
    const place = newPlace();
    await (await openWriter(place)).close();
    const path = `${place.path}.other`;
    linkSync(place.path, path);
    const refused = expect.objectContaining({ code: "STORE_LINKED" }) as Error;
    for (const one of [place, { ...place, path }]) {
      for (const open of [openWriter, openLogReader, verifyStore]) await expect(open(one)).rejects.toEqual(refused);
    }
  });
});
