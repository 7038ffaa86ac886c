import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import type { Resolve } from "../../../src/capabilities/http/addresses.ts";
import { type Loopback, startLoopback } from "../../../fixtures/servers/loopback.ts";
import { make } from "./made.ts";

let server: Loopback;
beforeAll(async () => {
  server = await startLoopback();
});
afterAll(() => server.close());

describe("the http provider checks certificates", () => {
  const pem = readFileSync(join(import.meta.dirname, "../../../fixtures/servers/localhost.pem"), "utf8");

  it("and sends nothing to a server whose certificate nobody vouches for, whatever the environment says", async () => {
    let asked = 0;
    const secure = createServer({ key: pem, cert: pem }, (_request, response) => response.end(`asked ${++asked}`));
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const { port } = secure.address() as AddressInfo;
    const url = `https://localhost:${port}/ok`;
    const attempt = () =>
      make(server, { allow: [`POST ${url}`] }, { resolve: async () => ["127.0.0.1"] }).perform({ url, method: "POST" });
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      expect(await attempt()).toMatchObject({ kind: "failed", code: "HTTP_CONNECT_FAILED" });
      expect(asked).toBe(0);
      setDefaultCACertificates([pem]);
      expect(await attempt()).toMatchObject({ kind: "value", value: { body: "asked 1" } });
    } finally {
      setDefaultCACertificates(getCACertificates("bundled"));
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
      await new Promise((resolve) => secure.close(resolve));
    }
  });
});

describe("the http provider checks where a name leads", () => {
  const named = (addresses: readonly string[], grant: JsonObject = {}) => {
    const asked: string[] = [];
    const resolve: Resolve = async (host) => (asked.push(host), addresses);
    const made = make(server, { allow: [`GET http://api.example.com:${server.port}/**`], ...grant }, { resolve });
    return { asked, perform: () => made.perform({ url: `http://api.example.com:${server.port}/ok` }) };
  };

  it.each([
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["172.16.0.1"],
    ["192.168.1.1"],
    ["169.254.169.254"],
    ["168.63.129.16"],
    ["100.64.0.1"],
    ["0.0.0.0"],
    ["224.0.0.1"],
    ["255.255.255.255"],
    ["198.18.0.1"],
    ["192.0.2.1"],
    ["::1"],
    ["::"],
    ["fe80::1"],
    ["fe80::1%lo"],
    ["fd00::8"],
    ["fec0::1"],
    ["ff02::1"],
    ["::ffff:127.0.0.1"],
    ["::ffff:7f00:1"],
    ["::127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["64:ff9b:1::1"],
    ["2002:7f00:1::"],
    ["2001::1"],
    ["2001:db8::1"],
    ["not-an-address"],
  ])("refuses %s, alone or beside a public address", async (address) => {
    const before = server.seen.length;
    expect(await named([address]).perform()).toMatchObject({ kind: "failed", code: "HTTP_ADDRESS_REFUSED" });
    expect(await named(["93.184.216.34", address]).perform()).toMatchObject({
      kind: "failed",
      code: "HTTP_ADDRESS_REFUSED",
    });
    expect(server.seen).toHaveLength(before);
  });

  it("connects to the address that was checked, resolved once, where the grant lists its network", async () => {
    const rebinding = [["127.0.0.1"], ["10.0.0.1"]];
    const resolve: Resolve = async () => rebinding.shift() as string[];
    const { perform } = make(
      server,
      { allow: [`GET http://api.example.com:${server.port}/**`], addresses: ["127.0.0.0/8"] },
      { resolve },
    );
    expect(await perform({ url: `http://api.example.com:${server.port}/ok` })).toMatchObject({ kind: "value" });
    expect(rebinding).toHaveLength(1);
    expect(server.seen.at(-1)?.headers["host"]).toBe(`api.example.com:${server.port}`);
    expect(await named(["::ffff:127.0.0.1"], { addresses: ["127.0.0.0/8"] }).perform()).toMatchObject({
      kind: "value",
    });
    expect(await named(["127.0.0.1"], { addresses: ["10.0.0.0/8"] }).perform()).toMatchObject({
      code: "HTTP_ADDRESS_REFUSED",
    });
  });

  it("takes localhost in a rule as the loopback, and nothing else", async () => {
    const localhost = (address: string) =>
      make(server, { allow: [`GET http://localhost:${server.port}/**`] }, { resolve: async () => [address] }).perform({
        url: `http://localhost:${server.port}/ok`,
      });
    expect(await localhost("127.0.0.1")).toMatchObject({ kind: "value" });
    expect(await localhost("10.0.0.1")).toMatchObject({ code: "HTTP_ADDRESS_REFUSED" });
  });

  it("fails where the name has no address, or where the look-up never ends", async () => {
    const gone = make(
      server,
      { allow: ["GET https://api.example.com/"] },
      { resolve: async () => Promise.reject(new Error("ENOTFOUND secret-dns-server")) },
    );
    const failed = await gone.perform({ url: "https://api.example.com/" });
    expect(failed).toMatchObject({
      kind: "failed",
      code: "HTTP_NAME_UNKNOWN",
      message: "the host's name has no address",
    });
    expect(
      await make(server, { allow: ["GET https://api.example.com/"] }, { resolve: async () => [] }).perform({
        url: "https://api.example.com/",
      }),
    ).toMatchObject({ code: "HTTP_NAME_UNKNOWN" });
    const fired: (() => void)[] = [];
    const slow = make(
      server,
      { allow: ["GET https://api.example.com/"] },
      { resolve: () => new Promise(() => {}), timers: { after: (_ms, fn) => (fired.push(fn), () => {}) } },
    );
    const running = slow.perform({ url: "https://api.example.com/" });
    fired.forEach((fire) => fire());
    expect(await running).toMatchObject({ kind: "failed", code: "CALL_TIMEOUT" });
  });
});
