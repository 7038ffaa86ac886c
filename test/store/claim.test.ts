import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { claim } from "../../src/store/claim.ts";
import { temporaryFolder } from "../support/folder.ts";
import { watchSyncs } from "../support/syncs.ts";

test("claim() gives a name of a store to one at a time, and other names to others", () => {
  const store = join(temporaryFolder(), "audit.db");
  const [name, other] = [sha256Hex("one"), sha256Hex("another")];
  {
    using held = claim(store, name);
    using beside = claim(store, other);
    expect(held).toBeDefined();
    expect(beside).toBeDefined();
    expect(claim(store, name)).toBeUndefined();
  }
  using again = claim(store, name);
  expect(again).toBeDefined();
});

test("claim() of a store whose folder cannot be made is refused", () => {
  const store = join(import.meta.filename, "audit.db");
  expect(() => claim(store, sha256Hex("one"))).toThrow(expect.objectContaining({ code: "STORE_UNWRITABLE" }));
});

test("claim() makes the store's folder, where it comes first, so that a power cut does not take it", () => {
  const folder = temporaryFolder();
  const synced = watchSyncs();
  using held = claim(join(folder, "own", "audit.db"), sha256Hex("one"));
  expect(held).toBeDefined();
  expect(synced()).toEqual(expect.arrayContaining([join(folder, "own"), folder]));
});
