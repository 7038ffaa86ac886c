import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { httpKind, originsOverlap } from "../../../src/kinds/http/kind.ts";
import { readRequest } from "../../../src/kinds/http/request.ts";
import type { JsonObject } from "../../../src/base/json.ts";
import { compiled } from "../../support/compiled.ts";

const SEARCH = {
  request: "GET https://api.example.com/v2/search",
  query: {
    type: "object",
    additionalProperties: false,
    required: ["q"],
    properties: { q: { type: "string", maxLength: 8 } },
  },
};
const QUOTE = {
  request: "POST https://api.example.com/v2/quotes",
  body: {
    type: "object",
    additionalProperties: false,
    required: ["route"],
    properties: { route: { type: "string" } },
  },
};
const GRANT: JsonObject = {
  allow: [
    "GET https://api.example.com/v2/flights/**",
    SEARCH,
    QUOTE,
    { request: "PUT https://api.example.com/v2/notes/*", body: "text/plain" },
    "DELETE https://api.example.com/v2/quotes/*",
  ],
  ask: [{ request: "DELETE https://api.example.com/**", timeout: "15m" }],
  deny: ["* https://api.example.com/v2/flights/internal/**"],
};
const web = compiled(httpKind, "web", GRANT);
const verdict = (args: unknown, kind = web): string => {
  const said = kind.decide("fetch", args);
  return said.verdict === "deny" ? said.code : said.verdict;
};
const get = (url: string) => ({ url });

describe("the kind http decides on the URL", () => {
  it("admits what a rule matches, and names the rule's pattern as the target", () => {
    expect(web.problems).toEqual([]);
    const said = web.decide("fetch", get("https://API.example.com:443/v2/flights/a%C3%A9/b#top"));
    expect(said).toMatchObject({
      verdict: "allow",
      effect: "read",
      rule: { pointer: "/capabilities/web/allow/0" },
      target: { kind: "http", name: "GET https://api.example.com/v2/flights/**" },
    });
  });

  it("denies before it allows, and no spelling of the denied path gets by", () => {
    const denied = web.decide("fetch", get("https://api.example.com/v2/flights/internal/x"));
    expect(denied).toMatchObject({
      verdict: "deny",
      code: "RULE_DENIED",
      rule: { pointer: "/capabilities/web/deny/0" },
    });
    for (const path of [
      "/v2/flights/%69nternal/x",
      "/v2/flights/x/../internal/x",
      "/v2/flights/internal",
      "/v2/flights/internal/",
    ])
      expect(verdict(get(`https://api.example.com${path}`)), path).toBe("RULE_DENIED");
  });

  it.each([
    ["user information", "https://api.example.com@evil.example/v2/flights/x"],
    ["empty user information", "https://@api.example.com/v2/flights/x"],
    ["a backslash", "https://evil.example\\@api.example.com/v2/flights/x"],
    ["an encoded slash", "https://api.example.com/v2/flights/a%2Finternal"],
    ["an encoded backslash", "https://api.example.com/v2/flights/a%5cinternal"],
    ["encoded dots", "https://api.example.com/v2/flights/%2e%2e/admin"],
    ["a doubly encoded dot", "https://api.example.com/v2/flights/%252e%252e/admin"],
    ["a path parameter", "https://api.example.com/v2/flights/..;/internal/x"],
    ["an empty segment", "https://api.example.com/v2/flights//internal/x"],
    ["malformed UTF-8", "https://api.example.com/v2/flights/%ff"],
    ["white space", "https://api.example.com/v2/fli\tghts/x"],
    ["another scheme", "file:///etc/passwd"],
    ["a trailing dot", "https://api.example.com./v2/flights/x"],
    ["no scheme", "/v2/flights/x"],
  ])("refuses %s", (_what, url) => expect(verdict(get(url))).toBe("ARGUMENT_INVALID"));

  it.each([
    ["another host", "https://evil.example/v2/flights/x"],
    ["a host that ends alike", "https://xapi.example.com/v2/flights/x"],
    ["plain http", "http://api.example.com/v2/flights/x"],
    ["another port", "https://api.example.com:8443/v2/flights/x"],
    ["dots that lead out of the path", "https://api.example.com/v2/flights/../admin"],
    ["a query that no rule grants", "https://api.example.com/v2/flights/x?leak=1"],
    ["a look-alike in another script", "https://аpi.example.com/v2/flights/x"],
  ])("does not match %s", (_what, url) => expect(verdict(get(url))).toBe("RULE_FAILED"));

  it("names the nearest rule, and the very line to add", () => {
    const said = web.decide("fetch", get("https://evil.example/pa*th?x=1"));
    expect(said).toMatchObject({
      message: expect.stringContaining('host "evil.example" is outside the grant'),
      mend: 'add "GET https://evil.example/pa%2Ath" under capabilities.web.allow',
      target: { name: "(unlisted)" },
    });
    expect(web.decide("fetch", { url: "https://api.example.com/v2/search", method: "PUT" })).toMatchObject({
      message: expect.stringContaining("PUT is not granted"),
      rule: { pointer: "/capabilities/web/allow/1" },
    });
  });

  it("never throws, whatever the argument is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record({
            url: fc.oneof(fc.webUrl(), fc.string()),
            method: fc.string(),
            headers: fc.jsonValue(),
            body: fc.jsonValue(),
            redirects: fc.jsonValue(),
          }),
        ),
        (args) => {
          const said = web.grant.decide({ fn: web.grant.functions.get("fetch") as never, args: args as never });
          expect(["allow", "ask", "deny"]).toContain(said.verdict);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the kind http decides on queries, bodies and methods", () => {
  it("grants a query only as the rule's schema says, and a repeated parameter is a list", () => {
    expect(verdict(get("https://api.example.com/v2/search?q=lon%20x"))).toBe("allow");
    for (const query of ["", "?q=toolongbyfar", "?q=a&q=b", "?q=a&x=1", "?x=1"])
      expect(verdict(get(`https://api.example.com/v2/search${query}`)), query).toBe("RULE_FAILED");
  });

  it("grants a JSON body only as the rule's schema says, read as every parser reads it", () => {
    const post = (body: unknown, headers = {}) =>
      verdict({ url: "https://api.example.com/v2/quotes", method: "post", body, headers });
    expect(post('{"route":"a"}')).toBe("allow");
    expect(post(new TextEncoder().encode('{"route":"a"}'), { "Content-Type": "application/json; charset=utf-8" })).toBe(
      "allow",
    );
    const refused = [
      '{"route":"a","route":"b"}',
      '{"route": "a"}',
      '{"route":1}',
      '{"route":"a","more":1}',
      "route=a",
      "",
    ];
    for (const body of refused) expect(post(body), body).toBe("RULE_FAILED");
    expect(post('{"route":"a"}', { "content-type": "text/xml" })).toBe("RULE_FAILED");
    expect(post('{"route":"a"}', { "content-type": "application/json; charset=utf-16" })).toBe("RULE_FAILED");
    expect(verdict({ url: "https://api.example.com/v2/quotes", method: "POST" })).toBe("RULE_FAILED");
  });

  it("takes an optional property of a granted query or body as optional", () => {
    const schema = { type: "object", additionalProperties: false, properties: { a: { type: "string" } } };
    const request = "POST https://a.example/x";
    const kind = compiled(httpKind, "web", { allow: [{ request, query: schema, body: schema }] });
    expect(verdict({ url: "https://a.example/x", method: "POST", body: "{}" }, kind)).toBe("allow");
    expect(verdict({ url: "https://a.example/x?a=1", method: "POST", body: '{"a":"1"}' }, kind)).toBe("allow");
    expect(verdict({ url: "https://a.example/x?b=1", method: "POST", body: "{}" }, kind)).toBe("RULE_FAILED");
    const denying = { allow: [{ request, body: true }], deny: [{ request, body: schema }] };
    expect(
      verdict({ url: "https://a.example/x", method: "POST", body: "{}" }, compiled(httpKind, "web", denying)),
    ).toBe("RULE_DENIED");
  });

  it("grants a media type, and no body with GET", () => {
    const put = (type: string) =>
      verdict({
        url: "https://api.example.com/v2/notes/1",
        method: "PUT",
        body: "x",
        headers: [["content-type", type]],
      });
    expect(put("text/plain; charset=utf-8")).toBe("allow");
    expect(put("text/html")).toBe("RULE_FAILED");
    expect(verdict({ url: "https://api.example.com/v2/flights/x", body: "x" })).toBe("ARGUMENT_INVALID");
  });

  it("asks where an ask rule narrows an allow rule, with its time and the allow rule's target", () => {
    const asked = web.decide("fetch", { url: "https://api.example.com/v2/quotes/7", method: "DELETE" });
    expect(asked).toMatchObject({
      verdict: "ask",
      timeoutMs: 900_000,
      effect: "write",
      target: { name: "DELETE https://api.example.com/v2/quotes/*" },
    });
    expect(verdict({ url: "https://api.example.com/v9", method: "DELETE" })).toBe("RULE_FAILED");
  });

  it("counts what a condition cannot decide as a match under deny, and as none under allow", () => {
    const accept = { type: "object", required: ["accept"], properties: { accept: { const: "a/b" } } };
    const where = { type: "object", required: ["headers"], properties: { headers: accept } };
    const url = "GET https://a.example/x";
    const allowed = compiled(httpKind, "web", { allow: [{ request: url, where }] });
    const denied = compiled(httpKind, "web", { allow: [url], deny: [{ request: url, where }] });
    expect(verdict(get("https://a.example/x"), allowed)).toBe("RULE_FAILED");
    expect(verdict({ url: "https://a.example/x", headers: [["ACCEPT", " a/b"]] }, allowed)).toBe("allow");
    expect(verdict(get("https://a.example/x"), denied)).toBe("RULE_DENIED");
  });

  it("shows a condition the request as it is sent, whatever spelling the guest chose", () => {
    // Attacks: each of these was another text to the rule, and the same request to the server.
    const says = (properties: JsonObject) => {
      const where = { type: "object", required: Object.keys(properties), properties };
      const posts = { request: "POST https://a.example/**", body: "text/plain" };
      const rules = { allow: ["* https://a.example/**", posts], deny: [{ request: "* https://a.example/**", where }] };
      return compiled(httpKind, "web", rules);
    };
    const deleting = says({ method: { const: "DELETE" } });
    expect(verdict({ url: "https://a.example/x", method: "delete" }, deleting)).toBe("RULE_DENIED");
    expect(verdict({ url: "https://a.example/x", method: "GET" }, deleting)).toBe("allow");
    const one = says({ url: { const: "https://a.example/a" } });
    for (const url of [
      "https://A.example:443/a",
      "https:a.example/a",
      "https://a.example/%61#x",
      "https://a.example/b/../a",
    ])
      expect([url, verdict({ url }, one)]).toEqual([url, "RULE_DENIED"]);
    expect(verdict({ url: "https://a.example/b" }, one)).toBe("allow");
    const text = says({ body: { const: "x" } });
    const body = (given: unknown) => ({ url: "https://a.example/x", method: "POST", body: given });
    expect([body("x"), body(new Uint8Array([0x78])), body("y")].map((args) => verdict(args, text))).toEqual([
      "RULE_DENIED",
      "RULE_DENIED",
      "allow",
    ]);
  });

  it("sends a path as the guest wrote it, whatever the one spelling is that a condition sees", () => {
    // Some servers read a plus in a path as a blank.
    const sent = (url: string) => (({ url: at, canonicalUrl }) => [at, canonicalUrl])(readRequest({ url }));
    expect(sent("https://a.example/a%2Bb%61")).toEqual(["https://a.example/a%2Bb%61", "https://a.example/a+ba"]);
    expect(sent("https://a.example/a+b")).toEqual(["https://a.example/a+b", "https://a.example/a+b"]);
  });

  it("denies and asks about a path with a slash at its end and without it, and allows the one that is written", () => {
    const kind = compiled(httpKind, "web", {
      allow: ["* https://a.example/v2/**", "GET https://a.example/exact"],
      ask: ["* https://a.example/v2/users/*"],
      deny: ["* https://a.example/v2/internal", "* https://a.example/v2/logs/"],
    });
    const said = ["internal", "internal/", "logs", "logs/", "users/1", "users/1/", "users/1/x", "internals"].map(
      (path) => verdict(get(`https://a.example/v2/${path}`), kind),
    );
    const denied = "RULE_DENIED";
    expect(said).toEqual([denied, denied, denied, denied, "ask", "ask", "allow", "allow"]);
    expect(verdict(get("https://a.example/exact/"), kind)).toBe("RULE_FAILED");
  });

  it("takes a rule's word for the effect", () => {
    const kind = compiled(httpKind, "web", { allow: [{ request: "POST https://a.example/search", effect: "read" }] });
    expect(kind.decide("fetch", { url: "https://a.example/search", method: "POST" })).toMatchObject({ effect: "read" });
    expect(web.grant.functions.get("fetch")?.effect).toBe("write");
  });
});

describe("the kind http decides on headers", () => {
  const url = "https://a.example/x";
  const given = new Set(["key"]);
  const grant = { allow: ["GET https://a.example/**"], headers: ["X-Api-Version"] };
  const kind = compiled(httpKind, "web", grant, undefined, given);

  it("lets a guest set the usual ones and those that the grant adds", () => {
    expect(verdict({ url, headers: { Accept: "a/b", "x-api-version": "2" } }, kind)).toBe("allow");
    expect(verdict({ url, headers: { authorization: "Bearer enclosure-secret:key" } }, kind)).toBe("allow");
  });

  it.each([
    "host",
    "Cookie",
    "authorization",
    "Proxy-Authorization",
    "connection",
    "transfer-encoding",
    "content-length",
    "x-forwarded-for",
    "sec-fetch-site",
    "x-unknown",
  ])("refuses %s", (name) => expect(verdict({ url, headers: [[name, "x"]] }, kind)).toBe("RULE_FAILED"));

  it.each([
    ["authorization", "enclosure-secret:key"],
    ["authorization", "token enclosure-secret:key"],
    ["x-api-key", "enclosure-secret:key"],
    ["Api-Key", "enclosure-secret:key"],
    ["x-api-version", "enclosure-secret:key"],
    ["x-api-version", "Key enclosure-secret:key"],
  ])("takes a placeholder where a credential stands: %s: %s", (name, value) =>
    expect(verdict({ url, headers: [[name, value]] }, kind)).toBe("allow"),
  );

  it.each([
    // Attack: a placeholder somewhere in the value freed any name, and with it the choice of path and of landing place.
    ["x-original-url", "/admin?k=enclosure-secret:key"],
    ["x-unknown", "enclosure-secret:key"],
    ["x-unknown", "/a enclosure-secret:key"],
    ["user-agent", "enclosure-secret:key"],
    ["accept", "a/b, enclosure-secret:key"],
    ["authorization", "Bearer enclosure-secret:key, and more"],
    ["authorization", "Bearer me enclosure-secret:key"],
    ["authorization", "Bearer enclosure-secret:key enclosure-secret:key"],
    ["authorization", "Digest uri=/admin,enclosure-secret:key"],
    ["authorization", "enclosure-secret:"],
    ["x-api-key", "mine"],
    ["x-api-key", "Bearer enclosure-secret:key"],
    ["x-api-version", "/path/enclosure-secret:key"],
    ["x-api-version", "enclosure-secret:key.evil"],
  ])("lets no placeholder carry in a header or a text of the guest's: %s: %s", (name, value) =>
    expect(verdict({ url, headers: [[name, value]] }, kind)).toBe("RULE_FAILED"),
  );

  it("takes no placeholder of a secret that the agent was not given, though the manifest has it", () => {
    // Attack: names of secrets can be guessed, and any grant to the same host then spoke with the operator's credentials.
    const said = kind.decide("fetch", { url, headers: { "x-api-key": "enclosure-secret:admin" } });
    expect(said).toMatchObject({ code: "RULE_FAILED", message: "the agent was not given the secret admin" });
  });

  it("takes one media type, and no second one behind a comma", () => {
    const texts = compiled(httpKind, "web", { allow: [{ request: "POST https://a.example/x", body: "text/plain" }] });
    const typed = (type: string) => ({ url, method: "POST", headers: { "content-type": type }, body: "{}" });
    expect(verdict(typed("text/plain;a=b, application/json"), texts)).toBe("ARGUMENT_INVALID");
    expect(verdict(typed("text/plain;a=b"), texts)).toBe("allow");
  });

  it("refuses one that is sent twice, which a server could read as one text", () => {
    const twice = [
      ["authorization", "Bearer enclosure-secret:key"],
      ["Authorization", "enclosure-secret:key"],
    ];
    expect(verdict({ url, headers: twice }, kind)).toBe("RULE_FAILED");
  });

  it.each([
    "X-Original-URL",
    "x-original-host",
    "x-rewrite-url",
    "x-override-url",
    "x-host",
    "x-forwarded",
    "x-forwarded-host",
    "x_forwarded_host",
    "x-http-method-override",
    "x-http-host-override",
    "x-client-ip",
    "true-client-ip",
  ])("lets no grant add %s", (name) => {
    const problems = compiled(httpKind, "web", { allow: ["GET https://a.example/**"], headers: [name] }).problems;
    expect(problems).toMatchObject([{ code: "MANIFEST_VALUE_INVALID" }]);
  });

  it("gives a mend that the manifest takes: never to add a header that no grant can add", () => {
    const mend = (name: string, value = "x") => {
      const said = kind.decide("fetch", { url, headers: [[name, value]] });
      return said.verdict === "deny" ? said.mend : "";
    };
    expect(mend("host")).not.toContain("add ");
    expect(mend("host")).toContain("without it");
    expect(mend("x-unknown")).toContain('add "x-unknown" under capabilities.web.headers');
    expect(mend("x-api-version", "a enclosure-secret:key b")).toContain("whole value");
    expect(mend("authorization")).toContain("capabilities.web.auth");
  });

  it("refuses a forbidden header even with a placeholder, and line breaks in a value", () => {
    expect(verdict({ url, headers: { cookie: "enclosure-secret:key" } }, kind)).toBe("RULE_FAILED");
    expect(verdict({ url, headers: { accept: "a\r\nhost: evil" } }, kind)).toBe("ARGUMENT_INVALID");
    expect(verdict({ url, headers: { "ac cept": "a" } }, kind)).toBe("ARGUMENT_INVALID");
  });
});

describe("the kind http compiles a grant", () => {
  const problemsOf = (grant: JsonObject) =>
    compiled(httpKind, "web", grant).problems.map(({ code, pointer, message }) => `${code} ${pointer} ${message}`);

  it.each([
    "GET api.example.com/x",
    "TRACE https://a.example/",
    "GET https://a.example/x?q=1",
    "GET https://*.com/",
    "GET https://a.*.example/",
    "GET https://a.example/x**",
    "GET https://a.example/../x",
    "GET https://a.example/a\u200bb",
    "GET https://u@a.example/",
    "GET ftp://a.example/",
    "GET https://*/",
    "GET https://*.0.0.1/",
  ])("refuses the pattern %s", (text) => {
    expect(problemsOf({ allow: [text] })).toEqual([expect.stringContaining("MANIFEST_VALUE_INVALID /allow/0")]);
  });

  it("matches a host's wildcard with one label, and names in any script", () => {
    const kind = compiled(httpKind, "web", {
      allow: ["GET https://*.example.com/**", "GET https://bücher.example/**"],
    });
    expect(kind.problems).toEqual([]);
    expect(verdict(get("https://a.example.com/x"), kind)).toBe("allow");
    for (const host of ["example.com", "a.b.example.com", "aexample.com"])
      expect(verdict(get(`https://${host}/x`), kind), host).toBe("RULE_FAILED");
    expect(verdict(get("https://xn--bcher-kva.example/x"), kind)).toBe("allow");
  });

  it("reports rules that look right and do nothing", () => {
    expect(problemsOf({ allow: ["GET https://a.example/**"], deny: ["* https://b.example/**"] })).toEqual([
      expect.stringContaining("MANIFEST_RULE_UNREACHABLE /deny/0"),
    ]);
    expect(problemsOf({ allow: ["GET https://a.example/**", "GET https://a.example/b/*"] })).toEqual([
      expect.stringContaining("MANIFEST_RULE_UNREACHABLE /allow/1"),
    ]);
    expect(problemsOf({ allow: ["GET https://a.example/b"], deny: ["* https://a.example/**"] })).toEqual([
      expect.stringContaining("MANIFEST_RULE_UNREACHABLE /allow/0"),
    ]);
    expect(problemsOf({ allow: ["GET https://a.example/b"], ask: ["POST https://a.example/b"] })).toEqual([
      expect.stringContaining("MANIFEST_RULE_UNREACHABLE /ask/0"),
    ]);
    expect(
      problemsOf({ allow: ["GET https://a.example/b", { request: "GET https://a.example/b", query: true }] }),
    ).toEqual([]);
  });

  it("refuses bad networks, headers and limits, each at its place", () => {
    const problems = problemsOf({
      allow: ["GET https://a.example/b"],
      addresses: ["10.0.0.0/8", "fd00::/8", "10.0.0.1", "999.0.0.0/8"],
      headers: ["host"],
      auth: [
        { host: "b.example", header: "Authorization", value: "x" },
        { host: "a.example", header: "Host", value: "x" },
      ],
      limits: { response: "1GiB", timeout: "0s" },
    });
    const places = [
      "/auth/0",
      "/auth/1",
      "/addresses/2",
      "/addresses/3",
      "/limits/response",
      "/limits/timeout",
      "/headers/0",
    ];
    expect(problems.map((one) => one.split(" ")[1])).toEqual(places);
  });

  it("explains itself in sentences", () => {
    expect(web.sentences.map(({ text }) => text)).toEqual([
      "may never send * https://api.example.com/v2/flights/internal/**",
      "must ask a person before it sends DELETE https://api.example.com/**",
      "may read GET https://api.example.com/v2/flights/**",
      "may read GET https://api.example.com/v2/search (query as the rule says)",
      "may send POST https://api.example.com/v2/quotes (body as the rule says)",
      "may send PUT https://api.example.com/v2/notes/* (body as the rule says)",
      "may send DELETE https://api.example.com/v2/quotes/*",
    ]);
  });

  it("originsOverlap() finds an origin that two grants share", () => {
    const config = (request: string) => compiled(httpKind, "web", { allow: [request] }).grant.config;
    expect(originsOverlap(config("GET https://a.example.com/x"), config("POST https://*.example.com/y"))).toBe(
      "https://a.example.com",
    );
    expect(originsOverlap(config("GET https://a.example.com/x"), config("GET http://a.example.com/x"))).toBeUndefined();
    expect(
      originsOverlap(config("GET https://a.example.com/x"), config("GET https://a.example.com:8443/x")),
    ).toBeUndefined();
  });
});
