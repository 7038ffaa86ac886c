// Servers that speak HTTP badly, on purpose: what could be read in two ways is refused as a broken response, what is
// merely odd comes out plain, and nothing of it reaches the guest that is not its business.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import type { Performed } from "../../../src/broker/contract.ts";
import { type RawServer, startRaw } from "../../../fixtures/servers/raw.ts";
import { make } from "./made.ts";

/** What the server answers next, whole; it closes then. */
let answer: string | Uint8Array = "";
let server: RawServer;
beforeAll(async () => {
  server = await startRaw((socket) => void socket.end(answer));
});
afterAll(() => server.close());

const OK = "HTTP/1.1 200 OK\r\n";
const chunked = `${OK}transfer-encoding: chunked\r\n`;
const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** What becomes of a request that is answered with these bytes. */
function said(bytes: string | Uint8Array, more: JsonObject = {}): Promise<Performed> {
  answer = bytes;
  const post = { request: `POST ${server.origin}/**`, body: "text/plain" };
  return make(server, { allow: [`GET ${server.origin}/**`, post] }).perform({ url: `${server.origin}/x`, ...more });
}

describe("a response is broken", () => {
  it.each([
    ["nothing at all", ""],
    ["bytes of another protocol", "\0\0\x16\x03\x01"],
    ["HTTP/0.9", "<html>hello</html>"],
    ["another version", "HTTP/3.7 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"],
    ["the status 000", "HTTP/1.1 000 OK\r\ncontent-length: 0\r\n\r\n"],
    ["nothing after a 100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["an upgrade that nobody asked for", "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nraw"],
    ["chunks and a length", `${chunked}content-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["a length and chunks", `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["a coding that is not chunked", `${OK}transfer-encoding: gzip\r\n\r\nok`],
    ["a coding after chunked", `${OK}transfer-encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["a coding that looks like chunked", `${OK}transfer-encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["two lengths", `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`],
    ["a negative length", `${OK}content-length: -2\r\n\r\nok`],
    ["a length with a sign", `${OK}content-length: +2\r\n\r\nok`],
    ["a length that no number holds", `${OK}content-length: 99999999999999999999999\r\n\r\nok`],
    ["fewer bytes than the length", `${OK}content-length: 5\r\n\r\nok`],
    ["bare line feeds", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok"],
    ["a bare carriage return in a header", `${OK}x: a\rb\r\ncontent-length: 2\r\n\r\nok`],
    ["a NUL in a header", `${OK}x: a\0b\r\ncontent-length: 2\r\n\r\nok`],
    ["a folded header", `${OK}x: a\r\n b\r\ncontent-length: 2\r\n\r\nok`],
    ["a blank before the colon", `${OK}content-length : 2\r\n\r\nok`],
    ["a header without a name", `${OK}: x\r\ncontent-length: 2\r\n\r\nok`],
    ["a chunk size that is none", `${chunked}\r\nzz\r\nok\r\n0\r\n\r\n`],
    ["a chunk size that overflows", `${chunked}\r\nffffffffffffffffff\r\nok\r\n0\r\n\r\n`],
    ["a chunk that is cut", `${chunked}\r\n5\r\nok`],
    ["no last chunk", `${chunked}\r\n2\r\nok\r\n`],
    ["chunks with bare line feeds", `${chunked}\r\n2\nok\n0\n\n`],
    ["a header of 70,000 bytes", `${OK}x: ${"a".repeat(70_000)}\r\ncontent-length: 2\r\n\r\nok`],
    ["2,000 headers", `${OK}${"a:\r\n".repeat(2000)}content-length: 2\r\n\r\nok`],
    ["a trailer of 70,000 bytes", `${chunked}\r\n2\r\nok\r\n0\r\nx: ${"a".repeat(70_000)}\r\n\r\n`],
    ["101 interim responses", `${"HTTP/1.1 103 x\r\n\r\n".repeat(101)}${OK}content-length: 2\r\n\r\nok`],
    ["two locations", "HTTP/1.1 302 x\r\nlocation: /a\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n"],
    ["two encodings in one field", `${OK}content-encoding: gzip, gzip\r\ncontent-length: 2\r\n\r\nok`],
    [
      "two encodings in two fields",
      `${OK}content-encoding: identity\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok`,
    ],
    ["an encoding that was not asked for", `${OK}content-encoding: zstd\r\ncontent-length: 2\r\n\r\nok`],
    ["deflate, which was not asked for either", `${OK}content-encoding: deflate\r\ncontent-length: 2\r\n\r\nok`],
  ])("with %s", async (_what, bytes) => {
    const broken = await said(bytes);
    expect(broken).toMatchObject({
      kind: "failed",
      code: "HTTP_RESPONSE_BROKEN",
      message: "the connection was cut, or the response is malformed",
    });
    expect(await said(bytes, { method: "POST", body: "x" })).toMatchObject({
      kind: "unknown",
      code: "HTTP_RESPONSE_BROKEN",
    });
  });

  it("with an encoding under another: only one layer is taken off, and none is guessed", async () => {
    const twice = gzipSync(gzipSync("ok"));
    const head = (fields: string) => `${OK}${fields}content-length: ${twice.length}\r\n\r\n`;
    const both = Buffer.concat([latin1(head("content-encoding: gzip\r\ncontent-encoding: gzip\r\n")), twice]);
    expect(await said(both)).toMatchObject({ code: "HTTP_RESPONSE_BROKEN" });
    const once = Buffer.concat([latin1(head("content-encoding: gzip\r\n")), twice]);
    expect(await said(once)).toMatchObject({ value: { body: new Uint8Array(gzipSync("ok")) } });
  });
});

describe("a response that is merely odd", () => {
  it.each([
    ["of HTTP/1.0, to the connection's end", "HTTP/1.0 200 OK\r\n\r\nok", 200, "OK"],
    ["after an early hint", `HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n${OK}content-length: 2\r\n\r\nok`, 200, "OK"],
    ["without a reason", "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", 200, ""],
    ["with a reason that steers a terminal", "HTTP/1.1 200 \x1b[31m\r\ncontent-length: 2\r\n\r\nok", 200, ""],
    ["with a reason of 300 characters", `HTTP/1.1 200 ${"a".repeat(300)}\r\ncontent-length: 2\r\n\r\nok`, 200, ""],
    ["with a status that nobody has named", "HTTP/1.1 999 x\r\ncontent-length: 2\r\n\r\nok", 999, "x"],
    ["with an offer to upgrade", `${OK}upgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\nok`, 200, "OK"],
    ["with chunk extensions", `${chunked}\r\n2;a="b"\r\nok\r\n0\r\n\r\n`, 200, "OK"],
    [
      "and one that was not asked for after it",
      `${OK}content-length: 2\r\n\r\nok${OK}content-length: 2\r\n\r\nno`,
      200,
      "OK",
    ],
  ])("%s comes out plain", async (_what, bytes, status, statusText) => {
    expect(await said(bytes)).toMatchObject({ kind: "value", value: { status, statusText, body: "ok" } });
  });

  it("keeps cookies, trailers and what speaks of the connection from the guest", async () => {
    const fields =
      'set-cookie: a=b\r\nSet-Cookie2: c\r\nproxy-authenticate: Basic\r\nalt-svc: h3=":443"\r\nkeep-alive: timeout=5\r\nx-kept: 1\r\n';
    const one = await said(
      `${chunked}trailer: x-late\r\n${fields}\r\n2\r\nok\r\n0\r\nx-late: 1\r\nset-cookie: d=e\r\n\r\n`,
    );
    expect(one).toMatchObject({ value: { body: "ok", headers: [["x-kept", "1"]] } });
  });

  it("names a header like a property of every object, and it is one", async () => {
    const one = await said(`${OK}__proto__: a\r\nconstructor: b\r\ncontent-length: 2\r\n\r\nok`);
    expect((one as { value: { headers: unknown } }).value.headers).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });
});

describe("a connection", () => {
  it("is made anew for each request, though the server offers to keep it", async () => {
    const before = server.made();
    for (let i = 0; i < 2; i++)
      await said(`${OK}connection: keep-alive\r\nkeep-alive: timeout=60\r\ncontent-length: 2\r\n\r\nok`);
    expect(server.made() - before).toBe(2);
    expect(server.heads.slice(-2).map((head) => /^connection: (.*)$/m.exec(head)?.[1])).toEqual(["close", "close"]);
  });

  it("carries one request, whose head holds nothing that the guest did not say and the host did not add", async () => {
    answer = `${OK}content-length: 2\r\n\r\nok`;
    const allow = [{ request: `POST ${server.origin}/**`, query: true, body: "text/plain" }];
    await make(server, { allow }).perform({
      url: `${server.origin}/a?q=%0d%0a%0d%0aGET%20/`,
      method: "post",
      headers: { Accept: "a/b" },
      body: "x\r\n\r\nGET /admin HTTP/1.1\r\n",
    });
    expect(server.heads.at(-1)?.split("\r\n")).toEqual([
      "POST /a?q=%0D%0A%0D%0AGET%20%2F HTTP/1.1",
      `host: 127.0.0.1:${server.port}`,
      "connection: close",
      "accept-encoding: gzip, br",
      "accept: a/b",
      "content-type: text/plain",
      "content-length: 26",
    ]);
  });

  it.each(["http", "https"])(
    "is closed when its call is over, though the peer never says a word: %s",
    async (scheme) => {
      const silent = await startRaw(() => {}, { greet: true });
      onTestFinished(() => silent.close());
      const url = `${scheme}://127.0.0.1:${silent.port}/`;
      const fired: (() => void)[] = [];
      const held = { timers: { after: (_ms: number, fn: () => void) => (fired.push(fn), () => {}) } };
      const { perform, provider } = make(silent, { allow: [`GET ${url}`] }, held);
      const running = perform({ url });
      await silent.connected;
      fired.forEach((fire) => fire());
      expect(await running).toMatchObject({ kind: "failed", code: "CALL_TIMEOUT" });
      await expect.poll(() => silent.connections()).toBe(0);
      await provider.close();
    },
  );
});

describe("a certificate", () => {
  const pem = readFileSync(join(import.meta.dirname, "../../../fixtures/servers/localhost.pem"), "utf8");

  it("that somebody vouches for is good for the names in it alone", async () => {
    let asked = 0;
    const secure = createTlsServer({ key: pem, cert: pem }, (_request, response) => response.end(`asked ${++asked}`));
    secure.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
    await once(secure.listen(0, "127.0.0.1"), "listening");
    const { port } = secure.address() as AddressInfo;
    const attempt = (host: string): Promise<Performed> => {
      const url = `https://${host}:${port}/`;
      const resolve = async () => ["127.0.0.1"];
      return make(server, { allow: [`GET ${url}`], addresses: ["127.0.0.0/8"] }, { resolve }).perform({ url });
    };
    setDefaultCACertificates([pem]);
    try {
      for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1"])
        expect(await attempt(host), host).toMatchObject({ kind: "failed", code: "HTTP_CONNECT_FAILED" });
      expect(asked).toBe(0);
      expect(await attempt("localhost")).toMatchObject({ kind: "value", value: { body: "asked 1" } });
    } finally {
      setDefaultCACertificates(getCACertificates("bundled"));
      await new Promise((resolve) => secure.close(resolve));
    }
  });
});
