import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnclosureError } from "../../src/base/errors.ts";
import { loadSecrets } from "../../src/outside/secrets.ts";
import { temporaryFolder } from "../support/folder.ts";

const VALUE = 's3cr3t/+?&"v\\alue é';
const load = (value = VALUE, hosts = ["api.example.com", "127.0.0.1:8080"]) =>
  loadSecrets({ key: { from: "env:KEY", hosts } }, { env: { KEY: value }, folder: "/" });

function refusal(run: () => unknown): EnclosureError {
  try {
    run();
  } catch (error) {
    if (error instanceof EnclosureError) return error;
  }
  throw new Error("expected an EnclosureError");
}

describe("loadSecrets()", () => {
  it("reads a variable, and a file without its last line break, relative to the folder", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "key"), "from-a-file\n", { mode: 0o600 });
    const hosts = ["a.example"];
    const secrets = loadSecrets(
      { one: { from: "env:ONE", hosts }, two: { from: "file:key", hosts } },
      { env: { ONE: "from-env" }, folder },
    );
    expect(secrets.reveal("one", "a.example", 443)).toBe("from-env");
    expect(secrets.reveal("two", "a.example", 443)).toBe("from-a-file");
  });

  it("names every secret that is missing, short or unsafe, and never a value", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "open"), "writable-by-all", { mode: 0o600 });
    chmodSync(join(folder, "open"), 0o666);
    writeFileSync(join(folder, "big"), "x".repeat(70_000), { mode: 0o600 });
    writeFileSync(join(folder, "lines"), "two\nlines-of-it", { mode: 0o600 });
    symlinkSync("/dev/zero", join(folder, "endless"));
    const hosts = ["a.example"];
    const from = (source: string) => ({ from: source, hosts });
    const declared = {
      none: from("env:NONE"),
      gone: from("file:gone"),
      open: from("file:open"),
      big: from("file:big"),
      lines: from("file:lines"),
      endless: from("file:endless"),
      folder: from("file:."),
      proto: from("env:__proto__"),
      short: from("env:SHORT"),
    };
    const error = refusal(() => loadSecrets(declared, { env: { SHORT: "1234567" }, folder }));
    expect(error.code).toBe("SECRET_MISSING");
    for (const name of Object.keys(declared)) expect(error.message).toContain(`the secret ${name} `);
    expect(error.message).not.toMatch(/1234567|writable-by-all|lines-of-it/);
    expect(refusal(() => load("1234567")).code).toBe("SECRET_TOO_SHORT");
    expect(refusal(() => loadSecrets({ open: from("file:open") }, { env: {}, folder })).code).toBe("SECRET_INVALID");
  });
});

describe("reveal()", () => {
  it("gives the value towards the hosts that the secret names and no other", () => {
    const secrets = load();
    expect(secrets.reveal("key", "api.example.com", 8443)).toBe(VALUE);
    expect(secrets.reveal("key", "127.0.0.1", 8080)).toBe(VALUE);
    for (const [host, port] of [
      ["evil.example", 443],
      ["127.0.0.1", 8081],
      ["xapi.example.com", 443],
    ] as const)
      expect(refusal(() => secrets.reveal("key", host, port)).code).toBe("SECRET_HOST_REFUSED");
    expect(refusal(() => secrets.reveal("other", "api.example.com", 443)).code).toBe("SECRET_UNKNOWN");
  });
});

describe("redact()", () => {
  const bytes = Buffer.from(VALUE);
  it.each([
    ["as it is", VALUE],
    ["in base64", bytes.toString("base64")],
    ["in base64url", bytes.toString("base64url")],
    ["in hexadecimal", bytes.toString("hex")],
    ["in upper-case hexadecimal", bytes.toString("hex").toUpperCase()],
    ["percent-encoded", encodeURIComponent(VALUE)],
    ["as a form field", new URLSearchParams({ v: VALUE }).toString().slice(2)],
    ["as JSON", JSON.stringify(VALUE)],
    ["as JSON with escaped slashes", JSON.stringify(VALUE).replaceAll("/", "\\/")],
    ["as HTML", VALUE.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
  ])("finds the value %s, in text and in bytes", (_how, text) => {
    const secrets = load();
    const whole = `before ${text} after ${text}`;
    for (const redacted of [secrets.redact(whole), Buffer.from(secrets.redact(Buffer.from(whole))).toString()]) {
      expect(redacted).toContain("before ");
      expect(redacted.split("enclosure-secret:key")).toHaveLength(3);
      expect(redacted).not.toContain(text);
    }
  });

  it("finds it within any longer text that was encoded as base64 whole", () => {
    const secrets = load();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 9 }), (before, after) => {
        const text = Buffer.concat([before, bytes, after]).toString("base64");
        expect(secrets.redact(text)).toContain("enclosure-secret:key");
      }),
      { numRuns: 200 },
    );
  });

  it("leaves everything else as it was, bytes that are no text too", () => {
    const other = new Uint8Array([0xff, 0, 1, 2]);
    expect(load().redact(other)).toBe(other);
    expect(load().redact("nothing here")).toBe("nothing here");
  });
});
