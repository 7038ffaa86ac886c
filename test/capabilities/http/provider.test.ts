import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import { type Loopback, startLoopback } from "../../../fixtures/servers/loopback.ts";
import type { AdmittedCall } from "../../../src/broker/contract.ts";
import { makeHttpProvider } from "../../../src/capabilities/http/provider.ts";
import type { HttpConfig } from "../../../src/kinds/http/config.ts";
import { httpKind } from "../../../src/kinds/http/kind.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";
import { providerConformance } from "../conformance.ts";
import { make, timers, VALUE } from "./made.ts";

let server: Loopback;
let other: Loopback;
beforeAll(async () => {
  [server, other] = await Promise.all([startLoopback(), startLoopback()]);
});
afterAll(() => Promise.all([server.close(), other.close()]));

const get = (path: string): JsonObject => ({ url: server.origin + path });
const post = (path: string): JsonObject => ({ url: server.origin + path, method: "POST", body: "x" });

providerConformance("http", async () => {
  const own = await startLoopback();
  const allow = [{ request: `GET ${own.origin}/**`, query: true }];
  const web = compiled(httpKind, "web", {
    allow: [...allow, "GET http://127.0.0.1:1/**"],
    auth: [{ host: "127.0.0.1", header: "authorization", value: "Bearer ${secret:key}" }],
  });
  const secrets = loadSecrets({ key: { from: "env:KEY", hosts: ["127.0.0.1"] } }, { env: { KEY: VALUE }, folder: "/" });
  const provider = makeHttpProvider({ config: web.grant.config as unknown as HttpConfig, secrets, timers });
  const call = (url: string): AdmittedCall => admitted(web.grant, "fetch", { url });
  return {
    provider,
    good: call(`${own.origin}/ok`),
    failing: call("http://127.0.0.1:1/"),
    huge: call(`${own.origin}/huge`),
    echoing: call(`${own.origin}/echo`),
    endless: { call: call(`${own.origin}/hang`), begun: own.asked },
    unspeakable: [VALUE, Buffer.from(VALUE).toString("base64")],
    performed: () => own.seen.length,
    held: () => own.connections(),
  };
});

describe("the http provider answers", () => {
  it("with status, headers and body, cookies and connection headers withheld", async () => {
    const { provider, perform } = make(server);
    const answer = await perform(get("/ok?x=1"));
    expect(answer).toMatchObject({
      kind: "value",
      value: { status: 200, statusText: "OK", url: `${server.origin}/ok?x=1`, body: "fine", redirected: false },
    });
    const { headers } = (answer as { value: { headers: [string, string][] } }).value;
    expect(headers).toContainEqual(["x-seen", "1"]);
    expect(headers.map(([name]) => name)).not.toContain("set-cookie");
    expect(headers.map(([name]) => name)).not.toContain("connection");
    await provider.close();
  });

  it("with bytes where they are no text, and with what a compressed body holds", async () => {
    const { perform } = make(server);
    expect(await perform(get("/bytes"))).toMatchObject({ value: { body: new Uint8Array([0xff, 0xfe, 0]) } });
    expect(await perform(get("/gzip"))).toMatchObject({ value: { body: "unzipped" } });
    expect(await perform(get("/br"))).toMatchObject({ value: { body: "unzipped" } });
    expect(await perform({ ...get("/gzip"), method: "HEAD" })).toMatchObject({ value: { body: "" } });
  });

  it("having sent exactly what was decided on, over a connection of its own", async () => {
    const { perform } = make(server);
    const before = server.seen.length;
    await perform({ ...post("/echo"), headers: { Accept: "a/b" } });
    expect(server.seen.slice(before)).toMatchObject([
      {
        method: "POST",
        url: "/echo",
        body: "x",
        headers: { accept: "a/b", "content-type": "text/plain", connection: "close", host: `127.0.0.1:${server.port}` },
      },
    ]);
  });
});

describe("the http provider is bounded", () => {
  it.each([
    ["/bomb", "RESULT_TOO_LARGE"],
    ["/huge", "RESULT_TOO_LARGE"],
    ["/torn-gzip", "HTTP_RESPONSE_BROKEN"],
    ["/odd-encoding", "HTTP_RESPONSE_BROKEN"],
    ["/cut", "HTTP_RESPONSE_BROKEN"],
    ["/torn", "HTTP_RESPONSE_BROKEN"],
    ["/nonsense", "HTTP_RESPONSE_BROKEN"],
  ])("%s ends as %s: failed for a read, unknown for a write that was sent", async (path, code) => {
    const { perform } = make(server);
    expect(await perform(get(path))).toMatchObject({ kind: "failed", code });
    expect(await perform(post(path))).toMatchObject({ kind: "unknown", code });
  });

  it.each(["/hang", "/drip"])("%s ends at the grant's deadline", async (path) => {
    const armed: (() => void)[] = [];
    const own = await startLoopback();
    const { provider, perform } = make(
      server,
      { allow: [{ request: `* ${own.origin}/**`, body: "text/plain" }], limits: { timeout: "7s" } },
      { timers: { after: (ms, fn) => (armed.push(fn), expect(ms).toBe(7000), () => {}) } },
    );
    const running = perform({ url: own.origin + path, method: "POST", body: "x" });
    await own.asked;
    armed.forEach((fire) => fire());
    expect(await running).toMatchObject({ kind: "unknown", code: "CALL_TIMEOUT" });
    await expect.poll(() => own.connections()).toBe(0);
    await Promise.all([provider.close(), own.close()]);
  });

  it("fails, and does not leave it unknown, where no connection was made", async () => {
    const { perform } = make(server, { allow: ["POST http://127.0.0.1:1/"] });
    expect(await perform({ url: "http://127.0.0.1:1/", method: "POST" })).toMatchObject({
      kind: "failed",
      code: "HTTP_CONNECT_FAILED",
    });
  });

  it("takes no proxy from the environment", async () => {
    const before = process.env;
    process.env = { ...before, HTTP_PROXY: other.origin, http_proxy: other.origin, NODE_USE_ENV_PROXY: "1" };
    try {
      expect(await make(server).perform(get("/ok"))).toMatchObject({ kind: "value" });
      expect(other.seen).toEqual([]);
    } finally {
      process.env = before;
    }
  });
});
