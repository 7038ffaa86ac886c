// The examples' manifests: each is sound, answers to its lock, types its agent, and refuses what its comments say.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../../src/base/json.ts";
import { KINDS } from "../../src/kinds/all.ts";
import type { CompiledGrant, FunctionSpec } from "../../src/kinds/contract.ts";
import { compileGrants } from "../../src/manifest/grants.ts";
import { lockedTables } from "../../src/manifest/lock.ts";
import type { Resolution } from "../../src/manifest/resolve.ts";
import { loadManifest } from "../../src/session/manifest-files.ts";
import { temporaryFolder } from "../support/folder.ts";

function compiled(example: string) {
  const { resolution, lock } = loadManifest(`examples/${example}/enclosure.yaml`);
  return compileGrants(resolution as Resolution, lockedTables(lock?.lock), KINDS);
}

function decide(example: string, grant: string, fn: string, args: JsonValue): string {
  const found = [...compiled(example).grants.values()].find(({ name }) => name === grant) as CompiledGrant;
  const decided = found.decide({ fn: found.functions.get(fn) as FunctionSpec, args });
  return `${decided.verdict} ${decided.rule.pointer}`;
}

describe.each(["desk", "airline"])("the %s manifest", (example) => {
  test("has no problem, and a lock that knows its modules", () => {
    const loaded = loadManifest(`examples/${example}/enclosure.yaml`);
    expect([...loaded.problems, ...compiled(example).problems]).toEqual([]);
    expect([...(loaded.lock?.lock.modules.keys() ?? [])]).toEqual([example]);
  });

  test("gives types with which its agent compiles", () => {
    const folder = temporaryFolder();
    const types = execFileSync(process.execPath, ["bin/enclosure.js", "types", `examples/${example}/enclosure.yaml`]);
    writeFileSync(join(folder, "enclosure-env.d.ts"), types);
    const files = [resolve(`examples/${example}/agent.ts`), "enclosure-env.d.ts"];
    const compilerOptions = { lib: ["esnext", "dom"], types: [] };
    const config = { extends: resolve("tsconfig.json"), compilerOptions, files, include: [], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    expect(execFileSync("node_modules/.bin/tsc", ["-p", folder], { encoding: "utf8" })).toBe("");
  });
});

describe("the desk's rules", () => {
  const refund = (eur_cents: number) =>
    decide("desk", "desk", "refund", { case_id: "RC-1001", payment_id: "PAY-70000", eur_cents });

  test.each([
    [24_999, "allow /capabilities/desk/allow/3"],
    [25_000, "ask /capabilities/desk/ask/0"],
    [100_000, "ask /capabilities/desk/ask/0"],
    [100_001, "deny /capabilities/desk/deny/0"],
  ])("of a refund of %i cents say: %s", (cents, verdict) => expect(refund(cents)).toBe(verdict));

  test("let no text into the score service", () => {
    const send = (body: object) => {
      const args = { url: "http://127.0.0.1:8417/v1/scores", method: "POST", body: JSON.stringify(body) };
      const headers = [["content-type", "application/json"]];
      return decide("desk", "services", "fetch", { ...args, headers });
    };
    const numbers = { refunds_90d: 0, chargebacks: 0, eur_cents: 100 };
    expect(send(numbers)).toMatch(/^allow/);
    expect(send({ ...numbers, name: "Amelia Brandt" })).toMatch(/^deny/);
    expect(send({ ...numbers, eur_cents: "Amelia Brandt" })).toMatch(/^deny/);
  });
});

describe("the airline's rules", () => {
  const flights = [{ flight_number: "HAT069", date: "2024-05-20" }];
  const passengers = (n: number) =>
    Array.from({ length: n }, () => ({ first_name: "Mia", last_name: "Li", dob: "1990-04-05" }));
  const payments = (n: number) => Array.from({ length: n }, (_, i) => ({ payment_id: `gift_card_${i}`, amount: 1 }));
  const booking = {
    user_id: "mia_li_3668",
    origin: "JFK",
    destination: "SEA",
    flight_type: "one_way",
    cabin: "economy",
    flights,
    passengers: passengers(2),
    payment_methods: payments(1),
    total_baggages: 6,
    nonfree_baggages: 0,
    insurance: "no",
  };
  const rule = (fn: string, args: JsonValue) =>
    decide("airline", "airline", fn, args).replace("/capabilities/airline", "");

  test.each([
    ["two passengers with six bags", {}, "allow /allow/7"],
    ["five passengers", { passengers: passengers(5) }, "allow /allow/7"],
    ["six passengers", { passengers: passengers(6) }, "deny /deny/0"],
    ["five payment methods", { payment_methods: payments(5) }, "allow /allow/7"],
    ["six payment methods", { payment_methods: payments(6) }, "deny /deny/2"],
    ["a seventh bag that nobody pays for", { total_baggages: 7 }, "deny /deny/3"],
    ["a seventh bag that is paid for", { total_baggages: 7, nonfree_baggages: 1 }, "allow /allow/7"],
  ])("of a booking with %s say what the policy says", (_, change, verdict) =>
    expect(rule("book_reservation", { ...booking, ...change })).toBe(verdict),
  );

  test.each([
    [50, "allow /allow/12"],
    [500, "allow /allow/12"],
    [75, "deny /deny/4"],
    [550, "deny /deny/4"],
    [0, "deny /deny/4"],
  ])("of a certificate of %i dollars say what the policy says", (amount, verdict) =>
    expect(rule("send_certificate", { user_id: "mia_li_3668", amount })).toBe(verdict),
  );

  test("hold every cancellation for a person", () => {
    expect(rule("cancel_reservation", { reservation_id: "4WQ150" })).toBe("ask /ask/0");
    expect(readFileSync("examples/airline/enclosure.yaml", "utf8")).toContain(
      "approvals: { via: [], otherwise: deny }",
    );
  });
});
