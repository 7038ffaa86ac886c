// Every value of every column of every table changed, and every row taken away, one at a time: verify finds each, and
// says where. The gate does the same with a few rows of each table.
import { expect, it } from "vitest";
import { newPlace, openWriter, runSession, verify } from "../store/logs.ts";
import { placesOf, tamperings, verifyChanged } from "../store/tamper.ts";

it("no changed value and no missing row passes for whole", async () => {
  const place = newPlace();
  const writer = await openWriter(place);
  for (const calls of [30, 5, 35]) await runSession(writer, calls);
  await writer.close();
  expect((await verify(place)).valid).toBe(true);
  const all = tamperings(place.path, () => true);
  expect(all.length).toBeGreaterThan(1_000);
  for (const one of all) {
    const report = await verifyChanged(place, one);
    expect({ name: one.name, valid: report.valid }).toEqual({ name: one.name, valid: false });
    expect({ name: one.name, where: placesOf(report) }).not.toEqual({ name: one.name, where: [] });
  }
});
