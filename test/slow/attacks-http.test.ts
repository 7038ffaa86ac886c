// Servers that would wear the host out: bombs, floods that never end, drips, and many at once. Each ends by a bound of
// the grant, leaves no connection behind, and costs memory in proportion to that bound, not to what is sent. And the
// host's own environment: what of it steers a request, and what does not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { startLoopback } from "../../fixtures/servers/loopback.ts";
import { pour, type RawAnswer, startRaw } from "../../fixtures/servers/raw.ts";
import { make } from "../capabilities/http/made.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

/** Pours after the first bytes, for ever. */
const flood =
  (first: string, more: string): RawAnswer =>
  (socket) => {
    socket.write(first);
    pour(socket, more);
  };

async function server(answer: RawAnswer, limits = { timeout: "1s" }) {
  const raw = await startRaw(answer);
  onTestFinished(() => raw.close());
  const { perform, provider } = make(raw, { allow: [`GET ${raw.origin}/**`], limits });
  onTestFinished(() => provider.close());
  return { raw, perform: () => perform({ url: `${raw.origin}/x` }) };
}

describe("a flood", () => {
  it.each([
    ["headers", flood(OK, "a: b\r\n".repeat(1000)), "HTTP_RESPONSE_BROKEN"],
    ["one header", flood(`${OK}a: `, "b".repeat(10_000)), "HTTP_RESPONSE_BROKEN"],
    ["one header's name", flood(OK, "b".repeat(10_000)), "HTTP_RESPONSE_BROKEN"],
    ["interim responses", flood("", "HTTP/1.1 103 x\r\nlink: </a>\r\n\r\n".repeat(100)), "HTTP_RESPONSE_BROKEN"],
    ["trailers", flood(`${CHUNKED}0\r\n`, "a: b\r\n".repeat(1000)), "HTTP_RESPONSE_BROKEN"],
    ["chunks of one byte", flood(CHUNKED, "1\r\na\r\n".repeat(1000)), "RESULT_TOO_LARGE"],
    ["one chunk of 2^52 bytes", flood(`${CHUNKED}10000000000000\r\n`, "a".repeat(64 * 1024)), "RESULT_TOO_LARGE"],
    ["a body without an end", flood("HTTP/1.1 200 OK\r\n\r\n", "a".repeat(64 * 1024)), "RESULT_TOO_LARGE"],
    [
      "a body beyond its stated length",
      flood(`${OK}content-length: 9007199254740991\r\n\r\n`, "a".repeat(64 * 1024)),
      "RESULT_TOO_LARGE",
    ],
    ["a reason", flood("HTTP/1.1 200 ", "b".repeat(10_000)), "CALL_TIMEOUT"],
    ["a chunk's extension", flood(`${CHUNKED}1;`, "b".repeat(10_000)), "CALL_TIMEOUT"],
    ["zeros of a chunk's size", flood(CHUNKED, "0".repeat(10_000)), "CALL_TIMEOUT"],
    ["empty lines before the status", flood("", "\r\n".repeat(1000)), "CALL_TIMEOUT"],
  ])("of %s ends by a bound", async (_what, answer, code) => {
    const { raw, perform } = await server(answer, { timeout: code === "CALL_TIMEOUT" ? "1s" : "60s" });
    expect(await perform()).toMatchObject({ kind: "failed", code });
    await expect.poll(() => raw.connections()).toBe(0);
  });

  it("keeps no more of itself in memory than the bound, ten at once", async () => {
    const { raw, perform } = await server(flood(`${CHUNKED}1;`, "b".repeat(64 * 1024)), { timeout: "3s" });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 50);
    try {
      const all = await Promise.all(Array.from({ length: 10 }, perform));
      expect(all.map((one) => ("code" in one ? one.code : one.kind))).toEqual(Array<string>(10).fill("CALL_TIMEOUT"));
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeLessThan(256 * 1024 * 1024);
    await expect.poll(() => raw.connections()).toBe(0);
  });
});

describe("a drip", () => {
  /** Says one byte of a text at each of the other side's turns, and begins anew at its end. */
  const drip =
    (first: string, rest: string): RawAnswer =>
    (socket) => {
      socket.write(first);
      let at = 0;
      const timer = setInterval(() => socket.write(rest[at++ % rest.length] as string), 20);
      socket.on("close", () => clearInterval(timer));
    };

  it.each([
    ["of the status line", drip("HTTP/1.1 200 ", "O")],
    ["of headers", drip(OK, "a: b\r\n")],
    ["of a body", drip(`${OK}content-length: 1000000\r\n\r\n`, "a")],
    ["of chunks", drip(CHUNKED, "1\r\na\r\n")],
  ])("%s does not put the deadline off", async (_what, answer) => {
    const { raw, perform } = await server(answer);
    expect(await perform()).toMatchObject({ kind: "failed", code: "CALL_TIMEOUT" });
    await expect.poll(() => raw.connections()).toBe(0);
  });
});

describe("a peer that takes nothing", () => {
  it("of a body does not hold the call beyond its deadline, and what became of it is unknown", async () => {
    const deafened: Socket[] = [];
    const deaf = await startRaw((socket) => void deafened.push(socket.pause()), { greet: true });
    onTestFinished(() => deaf.close());
    const allow = [{ request: `POST ${deaf.origin}/**`, body: "text/plain" }];
    const { perform } = make(deaf, { allow, limits: { timeout: "5s" } });
    const body = "x".repeat(16 * 1024 * 1024);
    const said = await perform({ url: `${deaf.origin}/x`, method: "POST", body });
    expect(said).toMatchObject({ kind: "unknown", code: "CALL_TIMEOUT" });
    // Only who listens hears that the other side has gone.
    for (const socket of deafened) socket.resume();
    await expect.poll(() => deaf.connections()).toBe(0);
  });
});

describe("a bomb", () => {
  const SIZE = 256 * 1024 * 1024;
  const zeros = Buffer.alloc(SIZE);
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 } };
  const packed = {
    gzip: gzipSync(zeros),
    "x-gzip": gzipSync(zeros, { level: 1 }),
    br: brotliCompressSync(zeros, brotli),
  };
  const members = Buffer.concat(Array.from({ length: 64 }, () => gzipSync(Buffer.alloc(1024 * 1024))));

  it.each([...Object.entries(packed), ["gzip", members] as const])(
    "of 256 MiB under %s is not unpacked beyond the bound",
    async (encoding, body) => {
      const { perform } = await server(
        (socket) => {
          socket.write(`${OK}content-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`);
          socket.end(body);
        },
        { timeout: "60s" },
      );
      const before = process.memoryUsage().arrayBuffers;
      expect(await perform()).toMatchObject({ kind: "failed", code: "RESULT_TOO_LARGE" });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    },
  );
});

describe("the host's environment", () => {
  const program = join(import.meta.dirname, "../capabilities/http/fetcher.ts");

  /** What becomes of one request of a process that has this environment. */
  async function fetched(url: string, more: Readonly<Record<string, string>>): Promise<unknown> {
    const env = { PATH: process.env["PATH"] ?? "", ...more };
    const child = spawn(process.execPath, [program, url], { env, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(said, errors).not.toBe("");
    return JSON.parse(said);
  }

  it("has no say in where a request goes", async () => {
    const [target, proxy] = await Promise.all([startLoopback(), startRaw((socket: Socket) => socket.destroy())]);
    onTestFinished(async () => void (await Promise.all([target.close(), proxy.close()])));
    const names = [
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "ALL_PROXY",
      "http_proxy",
      "https_proxy",
      "all_proxy",
      "npm_config_proxy",
    ];
    const env = { ...Object.fromEntries(names.map((name) => [name, proxy.origin])), NODE_USE_ENV_PROXY: "1" };
    expect(await fetched(`${target.origin}/ok`, env)).toMatchObject({ kind: "value" });
    expect(proxy.made()).toBe(0);
    expect(target.seen).toHaveLength(1);
  });

  it("may add authorities, as NODE_EXTRA_CA_CERTS says, and never leaves a certificate unchecked", async () => {
    const file = join(import.meta.dirname, "../../fixtures/servers/localhost.pem");
    const pem = readFileSync(file, "utf8");
    const secure = createServer({ key: pem, cert: pem }, (_request, response) => response.end("ok"));
    await once(secure.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void secure.close());
    const url = `https://localhost:${(secure.address() as AddressInfo).port}/`;
    const unchecked = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    expect(await fetched(url, unchecked)).toMatchObject({ kind: "failed", code: "HTTP_CONNECT_FAILED" });
    expect(await fetched(url, { NODE_EXTRA_CA_CERTS: file })).toMatchObject({ kind: "value" });
  });
});
