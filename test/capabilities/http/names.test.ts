// Names before addresses, with the product's own rules, broker and provider: what no rule names is never looked up,
// neither at first nor behind a redirect; what is looked up is looked up once, and what was checked is connected. And
// which addresses are public: all of IANA's special-purpose blocks are not.
import ipaddr from "ipaddr.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Loopback, startLoopback } from "../../../fixtures/servers/loopback.ts";
import { makeDestinations } from "../../../src/capabilities/http/addresses.ts";
import { makeHttpProvider } from "../../../src/capabilities/http/provider.ts";
import type { HttpConfig } from "../../../src/kinds/http/config.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import { goLive, grantsOf, type Live } from "../../broker/live.ts";
import { timers } from "./made.ts";

let server: Loopback;
beforeAll(async () => {
  server = await startLoopback();
});
afterAll(() => server.close());

interface Named {
  readonly live: Live;
  /** The names that were looked up, in order. */
  readonly asked: readonly string[];
  /** What the guest is told of one request. */
  fetch(url: string, more?: object): Promise<unknown>;
}

/** A session with one grant, and a resolver that counts. A name's answers are given one after the other. */
function name(allow: readonly string[], answers: Record<string, string[][]>, addresses: readonly string[] = []): Named {
  const rules = allow.map((request) => ({ request, query: true }));
  const capabilities = `\n  web: { use: http, allow: ${JSON.stringify(rules)}, addresses: ${JSON.stringify(addresses)} }\n`;
  const asked: string[] = [];
  const provider = makeHttpProvider({
    config: grantsOf(capabilities).get("web")?.config as unknown as HttpConfig,
    secrets: loadSecrets({}, { env: {}, folder: "/" }),
    timers,
    resolve: async (host) => {
      asked.push(host);
      return answers[host]?.shift() ?? Promise.reject(new Error("ENOTFOUND"));
    },
  });
  const live = goLive({ capabilities, providers: new Map([["web", provider]]) });
  return {
    live,
    asked,
    fetch: async (url, more = {}) => {
      const id = live.guest.call("web.fetch", { url, ...more });
      await live.rest();
      return live.guest.answer(id);
    },
  };
}

const denied = { error: { name: "CapabilityDenied" } };

describe("a name that no rule names", () => {
  it.each([
    "http://evil.example/",
    "http://api.example.com.evil.example/",
    "http://xapi.example.com/",
    "http://api.example.com@evil.example/",
    "http://evil.example\\.api.example.com/",
    "http://evil.example%2f.api.example.com/",
    "http://api.example.com./",
    "http://cdn.example.com/",
    "http://*.cdn.example.com/",
    "http://a.b.cdn.example.com/",
    "http://secret-data.dns.evil.example/",
    "http://2130706433/",
    "http://[::ffff:127.0.0.1]/",
    "https://api.example.com/",
    "http://api.example.com:8080/",
  ])("is never looked up: %s", async (url) => {
    const { fetch, asked, live } = name(["GET http://api.example.com/**", "GET http://*.cdn.example.com/**"], {});
    expect(await fetch(url)).toMatchObject(denied);
    expect(asked).toEqual([]);
    expect(live.bodies("call.intended")).toEqual([]);
  });

  it("is not looked up behind a redirect either, and no private address is reached by one", async () => {
    const here = `http://api.example.com:${server.port}`;
    for (const to of [
      "http://evil.example/",
      "//evil.example/",
      "\\\\evil.example\\",
      "http://169.254.169.254/latest/meta-data/",
      "http://[fd00::1]/",
      `http://127.0.0.1:${server.port}/ok`,
      `http://0x7f.1:${server.port}/ok`,
      `http://localhost:${server.port}/ok`,
      `https://api.example.com:${server.port}/ok`,
      "file:///etc/passwd",
      "javascript:alert(1)",
      `http://user:pass@api.example.com:${server.port}/ok`,
    ]) {
      const { fetch, asked } = name([`GET ${here}/**`], { "api.example.com": [["127.0.0.1"], ["127.0.0.1"]] }, [
        "127.0.0.0/8",
      ]);
      const before = server.seen.length;
      expect(await fetch(`${here}/redirect?to=${encodeURIComponent(to)}`), to).toMatchObject(denied);
      expect(asked, to).toEqual(["api.example.com"]);
      expect(server.seen.length - before, to).toBe(1);
    }
  });
});

describe("a name that a rule names", () => {
  it("is looked up once for each request, and checked anew where it is asked again (rebinding)", async () => {
    const here = `http://api.example.com:${server.port}`;
    const answers = [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]];
    const { fetch, asked } = name([`GET ${here}/**`], { "api.example.com": answers }, ["127.0.0.0/8"]);
    expect(await fetch(`${here}/ok`)).toMatchObject({ ok: true });
    expect(asked).toHaveLength(1);
    for (let i = 0; i < 2; i++)
      expect(await fetch(`${here}/ok`)).toMatchObject({ error: { code: "HTTP_ADDRESS_REFUSED" } });
    expect(asked).toHaveLength(3);
  });

  it("is checked anew behind a redirect to itself", async () => {
    const here = `http://api.example.com:${server.port}`;
    const answers = { "api.example.com": [["127.0.0.1"], ["10.0.0.1"]] };
    const { fetch } = name([`GET ${here}/**`], answers, ["127.0.0.0/8"]);
    const before = server.seen.length;
    const said = await fetch(`${here}/redirect?to=${encodeURIComponent("/ok")}`);
    expect(said).toMatchObject({ error: { code: "HTTP_ADDRESS_REFUSED" } });
    expect(server.seen.length - before).toBe(1);
  });
});

/** IANA's special-purpose registries, and what is neither global nor unicast beside them. */
const SPECIAL = `
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24
  192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4
  240.0.0.0/4 255.255.255.255/32
  ::/128 ::1/128 ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
  2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28
  2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
  ::/3 4000::/2 8000::/1
`
  .trim()
  .split(/\s+/);

/** The first and the last address of a block. */
function ends(cidr: string): readonly string[] {
  const kind = cidr.includes(":") ? ipaddr.IPv6 : ipaddr.IPv4;
  const [address, bits] = kind.parseCIDR(cidr);
  const first = address.toByteArray();
  const last = first.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, bits - i * 8))));
  return [first, last].map((bytes) => ipaddr.fromByteArray(bytes).toString());
}

describe("an address", () => {
  const { permits } = makeDestinations(new Set(["a.example"]), []);

  it.each(SPECIAL)("of the block %s is not public", (cidr) => {
    for (const address of ends(cidr)) expect([address, permits("a.example", address)]).toEqual([address, false]);
  });

  it.each([
    ["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"],
    [
      "172.15.255.255",
      "172.32.0.0",
      "192.0.1.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "223.255.255.255",
    ],
    [
      "2000::",
      "2001:200::",
      "2003::",
      "2606:4700:4700::1111",
      "2a00:1450::1",
      "3ffe:ffff::1",
      "3fff:1000::",
      "2001:db9::",
    ],
  ])("beside them is public: %s, %s, …", (...addresses) => {
    for (const address of addresses) expect([address, permits("a.example", address)]).toEqual([address, true]);
  });

  it("is none in a spelling that a resolver does not give", () => {
    for (const text of [
      "",
      "1",
      "0x08080808",
      "010.8.8.8",
      "8.8.2056",
      "8.8.8.8 ",
      "8.8.8.8.",
      "a.example",
      "[2606::1]",
    ])
      expect([text, permits("a.example", text)]).toEqual([text, false]);
  });

  it("that is listed is permitted as itself alone: no other spelling of it, no tunnel to it", () => {
    const listed = makeDestinations(new Set(["a.example"]), ["10.0.0.0/8", "fd00::/8"]);
    for (const address of ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "fd00::1", "fdff::1"])
      expect([address, listed.permits("a.example", address)]).toEqual([address, true]);
    for (const address of [
      "10.0.0.0.1",
      "::8.8.8.8",
      "::10.1.2.3",
      "64:ff9b::a01:203",
      "2002:a01:203::",
      "fc00::1",
      "fe00::1",
    ])
      expect([address, listed.permits("a.example", address)]).toEqual([address, false]);
  });
});
