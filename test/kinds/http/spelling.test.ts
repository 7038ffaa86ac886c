// The many spellings of one host: each is read as one, the same for a rule, a request, a connection; or refused. What a
// rule does not name is reached by no spelling of it.
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import { AddressError, parseAddress } from "../../../src/kinds/http/address.ts";
import { httpKind } from "../../../src/kinds/http/kind.ts";
import { readRequest } from "../../../src/kinds/http/request.ts";
import { compiled } from "../../support/compiled.ts";

const REFUSED = "refused";

/** The host of a request as it is matched, looked up and connected, from its text. */
function hostOf(host: string): string {
  try {
    return parseAddress(`http://${host}/x`).host;
  } catch (error) {
    expect(error).toBeInstanceOf(AddressError);
    return REFUSED;
  }
}

/** Texts that a resolver, a proxy or another parser takes for the loopback, and what they are here. */
const LOOPBACKS: readonly (readonly [text: string, host: string])[] = [
  ["127.0.0.1", "127.0.0.1"],
  ["2130706433", "127.0.0.1"],
  ["017700000001", "127.0.0.1"],
  ["0x7f000001", "127.0.0.1"],
  ["0X7F.1", "127.0.0.1"],
  ["0x7f.0.0.0x1", "127.0.0.1"],
  ["127.1", "127.0.0.1"],
  ["127.0.1", "127.0.0.1"],
  ["0177.0.0.01", "127.0.0.1"],
  ["127.0.0.1.", "127.0.0.1"],
  ["\uff11\uff12\uff17.0.0.1", "127.0.0.1"],
  ["127\u30020\u30020\u30021", "127.0.0.1"],
  ["127\uff0e0\uff0e0\uff0e1", "127.0.0.1"],
  ["\u2460\u2461\u2466.0.0.\u2460", "127.0.0.1"],
  ["%31%32%37.0.0.1", "127.0.0.1"],
  ["1\u00ad27.0.0.1", "127.0.0.1"],
  ["[::1]", "[::1]"],
  ["[0:0:0:0:0:0:0:1]", "[::1]"],
  ["[0000::0001]", "[::1]"],
  ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
  ["[::FFFF:7F00:1]", "[::ffff:7f00:1]"],
  ["[::127.0.0.1]", "[::7f00:1]"],
  ["[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]"],
  ["[2002:7f00:1::]", "[2002:7f00:1::]"],
  ["LOCALHOST", "localhost"],
  ["\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "localhost"],
  ["localhost.", REFUSED],
  ["localhost%2e", REFUSED],
  ["localhost\u3002", REFUSED],
  ["[::1%25lo]", REFUSED],
  ["[::1%lo]", REFUSED],
  ["[fe80::1%eth0]", REFUSED],
  ["[::1", REFUSED],
  ["::1", REFUSED],
  ["[127.0.0.1]", REFUSED],
  ["127.0.0.256", REFUSED],
  ["127.0.0.0.1", REFUSED],
  ["4294967296", REFUSED],
  ["0x1ffffffff", REFUSED],
  ["08.0.0.1", REFUSED],
  ["1.2.3.4@127.0.0.1", REFUSED],
  ["example.com:80@127.0.0.1", REFUSED],
  ["@127.0.0.1", REFUSED],
  ["127.0.0.1\\@example.com", REFUSED],
  ["127.0.0.1\t", REFUSED],
  ["127.0.0.1%00", REFUSED],
  ["127.0.0.1%0d%0a", REFUSED],
];

describe("a host in a request", () => {
  it.each(LOOPBACKS)("%j is %s, and nothing else", (text, host) => expect(hostOf(text)).toBe(host));

  it.each([
    ["EXAMPLE.com", "example.com"],
    ["\u24d4\u24e7\u24d0\u24dc\u24df\u24db\u24d4.\uff43\uff4f\uff4d", "example.com"],
    ["ex\u00adample.com", "example.com"],
    ["ex\u200bample.com", "example.com"],
    ["example\u3002com", "example.com"],
    ["ex%61mple.com", "example.com"],
    ["%EF%BD%85xample.com", "example.com"],
    ["\u2121.example", "tel.example"],
    ["\ufb01le.example", "file.example"],
    ["fa\u00df.example", "xn--fa-hia.example"],
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["b\u00fccher.example", "xn--bcher-kva.example"],
    ["\u0430pi.example.com", "xn--pi-6kc.example.com"],
    ["a_b.example", "a_b.example"],
    ["xn--a.example", "xn--a.example"],
    ["a..example", REFUSED],
    [".example", REFUSED],
    ["*.example.com", REFUSED],
    ["a,b.example.com", REFUSED],
    ["a;b.example.com", REFUSED],
    ["a'b.example.com", REFUSED],
    ["a&b.example.com", REFUSED],
    ["$(id).example.com", REFUSED],
    ["evil.example\u2044.example.com", "evil.xn--example-7d7c.example.com"],
    ["evil.example\uff0f.example.com", REFUSED],
    ["evil.example\uff03.example.com", REFUSED],
    ["evil.example\uff20example.com", REFUSED],
    ["evil.example\u2488com", REFUSED],
    [`${"a".repeat(64)}.example`, REFUSED],
    [`${"a.".repeat(126)}ab`, REFUSED],
  ])("%j is %s", (text, host) => expect(hostOf(text)).toBe(host));

  it("is sent as it was matched", () => {
    for (const [text, host] of LOOPBACKS.filter(([, one]) => one !== REFUSED))
      expect(readRequest({ url: `http://${text}:80/x` }).url).toBe(`http://${host}/x`);
  });

  it("is never the loopback by a spelling where a rule names another", () => {
    const web = compiled(httpKind, "web", {
      allow: ["GET http://example.com/**", "GET http://*.example.com/**", "GET http://1.1.1.1/**"],
    });
    for (const [text] of LOOPBACKS) {
      const said = web.decide("fetch", { url: `http://${text}/x` });
      expect(said, text).toMatchObject({ verdict: "deny", target: { name: "(unlisted)" } });
    }
  });

  it("is its one spelling for a rule, whichever the rule and the request were written in", () => {
    const hosts = ["b\u00fccher.example", "bu\u0308cher.example", "xn--bcher-kva.example", "B\u00dcCHER.example"];
    for (const rule of hosts) {
      const web = compiled(httpKind, "web", { allow: [`GET https://${rule}/**`] });
      expect(web.problems).toEqual([]);
      for (const asked of hosts)
        expect(web.decide("fetch", { url: `https://${asked}/x` }), `${rule} ${asked}`).toMatchObject({
          verdict: "allow",
        });
    }
  });
});

describe("a host in a manifest", () => {
  const problemsOf = (grant: JsonObject) =>
    compiled(httpKind, "web", grant).problems.map(
      ({ severity, pointer, message, mend }) => `${severity} ${pointer} ${message}; ${mend}`,
    );

  it.each([
    ["127.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0x7f.0.0.1", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["\uff11\uff12\uff17.0.0.1", "127.0.0.1"],
    ["%31%32%37.0.0.1:8080", "127.0.0.1"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["[::ffff:127.0.0.1]:8080", "[::ffff:7f00:1]"],
  ])("is refused in a rule where it hides an address: %j", (host, spelled) => {
    expect(problemsOf({ allow: [`GET http://${host}/**`] })).toEqual([
      expect.stringContaining(`error /allow/0 "GET http://${host}/**" spells an address`),
    ]);
    expect(problemsOf({ allow: [`GET http://${host}/**`] })[0]).toContain(`write it as ${spelled}`);
  });

  it.each(["127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080", "[::FFFF:7F00:1]", "[2606:4700::1111]:8443"])(
    "may be an address in a rule: %s",
    (host) => {
      const web = compiled(httpKind, "web", { allow: [`GET http://${host}/**`] });
      expect(web.problems).toEqual([]);
      expect(web.decide("fetch", { url: `http://${host}/x` })).toMatchObject({ verdict: "allow" });
    },
  );

  it.each(["good.example?.evil.example", "good.example#.evil.example", "a,b.example", "a..example", "a.example."])(
    "is refused in a rule where it is none: %s",
    (host) => expect(problemsOf({ allow: [`GET https://${host}/**`] })).toHaveLength(1),
  );

  it.each([
    ["127.1", '"127.1" is another spelling of 127.0.0.1, and matches no request; Write "127.0.0.1".'],
    [
      "127.0.0.1:0443",
      '"127.0.0.1:0443" is another spelling of 127.0.0.1:443, and matches no request; Write "127.0.0.1:443".',
    ],
    ["[::0001]", '"[::0001]" is another spelling of [::1], and matches no request; Write "[::1]".'],
    [
      "[::ffff:127.0.0.1]:80",
      '"[::ffff:127.0.0.1]:80" is another spelling of [::ffff:7f00:1]:80, and matches no request; Write "[::ffff:7f00:1]:80".',
    ],
    ["a.example:0", '"a.example:0" is no host; Write a name such as "api.example.com", or name:port.'],
    ["a.example:65536", '"a.example:65536" is no host; Write a name such as "api.example.com", or name:port.'],
    ["a..example", '"a..example" is no host; Write a name such as "api.example.com", or name:port.'],
    ["a.256", '"a.256" is no host; Write a name such as "api.example.com", or name:port.'],
  ])("is refused for a credential where no request is spelled like it: %s", (host, said) => {
    const auth = [{ host, header: "authorization", value: "x" }];
    expect(problemsOf({ allow: ["GET http://127.0.0.1/**"], auth })).toEqual([`error /auth/0/host ${said}`]);
  });

  it.each(["127.0.0.1", "127.0.0.1:80", "[::1]:8443", "API.example.com:443"])(
    "may be written so for a credential: %s",
    (host) => {
      const allow = ["GET http://127.0.0.1/**", "GET https://[::1]:8443/**", "GET https://api.example.com/**"];
      expect(problemsOf({ allow, auth: [{ host, header: "authorization", value: "x" }] })).toEqual([]);
    },
  );
});
