import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { claim } from "../../src/store/claim.ts";
import { temporaryFolder } from "../support/folder.ts";

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
