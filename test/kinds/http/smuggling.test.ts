// Headers by which one request becomes two, or goes to another host than was decided on: refused in every spelling, by
// the guest's hand, by a grant's, and by a credential's.
import { describe, expect, it } from "vitest";
import { httpKind } from "../../../src/kinds/http/kind.ts";
import { compiled } from "../../support/compiled.ts";

const url = "https://a.example/x";
const web = compiled(httpKind, "web", { allow: ["GET https://a.example/**"], headers: ["x-free"] });
const code = (headers: unknown): string => {
  const said = web.decide("fetch", { url, headers });
  return said.verdict === "deny" ? said.code : said.verdict;
};

const FRAMING = [
  "Host",
  "HOST",
  "Content-Length",
  "content_length",
  "Transfer-Encoding",
  "transfer_encoding",
  "TE",
  "Trailer",
  "Connection",
  "Keep-Alive",
  "Upgrade",
  "HTTP2-Settings",
  "Expect",
  "Proxy-Connection",
  "Proxy-Authorization",
  "Proxy-Anything",
  "proxy_authorization",
  "Via",
  "Forwarded",
  "X-Forwarded-Host",
  "X_Forwarded_For",
  "X-Original-URL",
  "Content-Encoding",
  "Accept-Encoding",
  "Cookie",
  "Cookie2",
  "Origin",
  "Sec-Fetch-Site",
  "Sec-WebSocket-Key",
];

describe("a header that frames, steers or upgrades a request", () => {
  it.each(FRAMING)("is none of the guest's: %s", (name) => {
    expect(code([[name, "x"]])).toBe("RULE_FAILED");
    expect(code({ [name]: "chunked" })).toBe("RULE_FAILED");
    expect(
      code([
        ["accept", "a/b"],
        [name, "a"],
        [name, "b"],
      ]),
    ).toBe("RULE_FAILED");
  });

  it.each(FRAMING)("is none that a grant adds, or a credential is sent in: %s", (name) => {
    const headers = { allow: ["GET https://a.example/**"], headers: [name] };
    const auth = { allow: ["GET https://a.example/**"], auth: [{ host: "a.example", header: name, value: "x" }] };
    for (const grant of [headers, auth])
      expect(compiled(httpKind, "web", grant).problems, JSON.stringify(grant)).toMatchObject([
        { severity: "error", code: "MANIFEST_VALUE_INVALID" },
      ]);
  });
});

describe("a header is malformed", () => {
  it.each([
    ["a line break in its value", "accept", "a\r\nhost: evil.example"],
    ["a line feed alone", "accept", "a\nhost: evil.example"],
    ["a carriage return alone", "accept", "a\rhost: evil.example"],
    ["a NUL", "accept", "a\0b"],
    ["a character that is a line feed in one byte", "accept", "a\u010ahost: evil.example"],
    ["a character that is a carriage return in one byte", "accept", "a\u560d\u560a"],
    ["a next line", "accept", "a\u0085b"],
    ["a line separator", "accept", "a\u2028b"],
    ["a letter beyond ASCII", "accept", "\u00e9"],
    ["a delete", "accept", "a\x7fb"],
    ["no name", "", "x"],
    ["a blank in its name", "ac cept", "x"],
    ["a blank after its name", "host ", "x"],
    ["a tab after its name", "host\t", "x"],
    ["a colon in its name", "accept:host", "x"],
    ["a line break in its name", "accept\r\nhost", "x"],
    ["a NUL in its name", "host\0", "x"],
    ["a letter of another script in its name", "h\u03bfst", "x"],
    ["a long s in its name", "ho\u017ft", "x"],
    ["17,000 characters", "x-free", "a".repeat(17_000)],
    ["a name of 17,000 characters", "x-".padEnd(17_000, "a"), ""],
  ])("with %s", (_what, name, value) => {
    expect(code([[name, value]])).toBe("ARGUMENT_INVALID");
  });

  it("or forbidden, with a Kelvin sign in its name, which is a k in lower case", () => {
    expect(code([["coo\u212aie", "x"]])).toBe("RULE_FAILED");
  });

  it("with 64 others, or with 17,000 characters together", () => {
    const many = (count: number, value: string) => Array.from({ length: count }, (_, i) => [`x-${i}`, value]);
    expect(code(many(65, ""))).toBe("ARGUMENT_INVALID");
    expect(code(many(17, "a".repeat(1000)))).toBe("ARGUMENT_INVALID");
    expect(code(Array.from({ length: 17 }, () => ["x-free", "a".repeat(1000)]))).toBe("ARGUMENT_INVALID");
  });
});
