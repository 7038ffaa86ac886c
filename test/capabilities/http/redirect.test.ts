import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import { type Loopback, startLoopback } from "../../../fixtures/servers/loopback.ts";
import { make, VALUE } from "./made.ts";

let server: Loopback;
let other: Loopback;
beforeAll(async () => {
  [server, other] = await Promise.all([startLoopback(), startLoopback()]);
});
afterAll(() => Promise.all([server.close(), other.close()]));

const get = (path: string): JsonObject => ({ url: server.origin + path });
const post = (path: string): JsonObject => ({ url: server.origin + path, method: "POST", body: "x" });

describe("the http provider follows no redirect", () => {
  const redirect = (to: string, status: number, more: JsonObject = {}): JsonObject => ({
    url: `${server.origin}/redirect?status=${status}&to=${encodeURIComponent(to)}`,
    ...more,
  });

  it.each([
    [301, "POST", "GET", false],
    [302, "POST", "GET", false],
    [303, "PUT", "GET", false],
    [307, "POST", "POST", true],
    [308, "PUT", "PUT", true],
    [302, "PUT", "PUT", true],
    [303, "HEAD", "HEAD", false],
  ])("%i turns %s into %s, body kept: %s", async (status, method, next, kept) => {
    const { perform } = make(server);
    const before = server.seen.length;
    const body = method === "HEAD" ? {} : { body: "x" };
    const answer = await perform(redirect("/ok#part", status, { method, ...body }));
    expect(answer).toMatchObject({
      kind: "redirected",
      value: { status, body: "" },
      args: { url: `${server.origin}/ok`, method: next, redirects: 1 },
    });
    expect("body" in (answer as { args: object }).args).toBe(kept);
    expect(server.seen).toHaveLength(before + 1);
  });

  it("drops credentials and secrets towards another origin, and keeps them within one", async () => {
    const { perform } = make(server);
    const headers = {
      authorization: "Bearer enclosure-secret:key",
      "x-api-key": "enclosure-secret:key",
      accept: "a/b",
    };
    const names = async (to: string) =>
      ((await perform(redirect(to, 307, { headers }))) as { args: { headers: [string, string][] } }).args.headers.map(
        ([name]) => name,
      );
    expect(await names(`${other.origin}/ok`)).toEqual(["accept"]);
    expect(await names("/ok")).toEqual(["authorization", "x-api-key", "accept"]);
  });

  it("counts redirects against the grant's limit, and refuses a location that is no address", async () => {
    const { perform } = make(server, { limits: { redirects: 2 } });
    expect(await perform(redirect("/ok", 302, { redirects: 1 }))).toMatchObject({
      kind: "redirected",
      args: { redirects: 2 },
    });
    expect(await perform(redirect("/ok", 302, { redirects: 2 }))).toMatchObject({
      kind: "failed",
      code: "HTTP_REDIRECTS_EXCEEDED",
    });
    expect(await perform(redirect("https://", 302))).toMatchObject({ kind: "failed", code: "HTTP_RESPONSE_BROKEN" });
  });

  it("puts no secret into the next request that the server wrote into the location", async () => {
    const { perform } = make(server);
    const answer = await perform(redirect(`/ok?token=${VALUE}`, 302));
    expect(JSON.stringify(answer)).not.toContain(VALUE);
    expect(answer).toMatchObject({ args: { url: `${server.origin}/ok?token=enclosure-secret:key` } });
  });
});

describe("the http provider sends secrets", () => {
  const auth = [{ host: "127.0.0.1", header: "Authorization", value: "Bearer ${secret:key}" }];

  it("in the operator's header and in place of the guest's placeholder, and takes them out of what comes back", async () => {
    for (const answer of [
      await make(server, { auth }).perform(get("/echo")),
      await make(server).perform({ ...get("/echo"), headers: { authorization: "Bearer enclosure-secret:key" } }),
    ]) {
      expect(server.seen.at(-1)?.headers["authorization"]).toBe(`Bearer ${VALUE}`);
      expect(JSON.stringify(answer)).not.toContain(VALUE);
      expect(answer).toMatchObject({ value: { body: expect.stringContaining("Bearer enclosure-secret:key") } });
      expect((answer as { value: { headers: unknown[] } }).value.headers).toContainEqual([
        "x-echo",
        "Bearer enclosure-secret:key",
      ]);
    }
  });

  it("to no host that the secret does not name, and sends nothing then", async () => {
    const before = other.seen.length;
    const { perform } = make(server, { allow: [`GET ${other.origin}/**`] });
    const refused = await perform({
      url: `${other.origin}/echo`,
      headers: { authorization: "Bearer enclosure-secret:key" },
    });
    expect(refused).toMatchObject({ kind: "failed", code: "SECRET_HOST_REFUSED" });
    expect(
      await perform({ url: `${other.origin}/echo`, headers: { authorization: "enclosure-secret:none" } }),
    ).toMatchObject({ code: "SECRET_UNKNOWN" });
    expect(other.seen).toHaveLength(before);
  });

  it("and leaves placeholders in the URL and the body alone", async () => {
    await make(server).perform({ ...post("/echo?k=enclosure-secret:key"), body: "enclosure-secret:key" });
    expect(server.seen.at(-1)).toMatchObject({ url: "/echo?k=enclosure-secret%3Akey", body: "enclosure-secret:key" });
  });
});
