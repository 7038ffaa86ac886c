// An http provider over a grant of one's own, and requests to a loopback server, for the tests of this folder.
import type { JsonObject } from "../../../src/base/json.ts";
import type { Timers } from "../../../src/base/powers.ts";
import type { AdmittedCall, Performed, Provider } from "../../../src/broker/contract.ts";
import type { Resolve } from "../../../src/capabilities/http/addresses.ts";
import { makeHttpProvider } from "../../../src/capabilities/http/provider.ts";
import type { HttpConfig } from "../../../src/kinds/http/config.ts";
import { httpKind } from "../../../src/kinds/http/kind.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import type { Loopback } from "../../../fixtures/servers/loopback.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";

/** The value of the secret `key`, which may go to the loopback server alone. */
export const VALUE = "hunter2-hunter2";
export const timers: Timers = {
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

export interface Made {
  readonly provider: Provider;
  readonly call: (args: JsonObject | { url: string; body?: unknown }) => AdmittedCall;
  readonly perform: (args: JsonObject) => Promise<Performed>;
}

/** Without a grant: whatever the server offers. */
export function make(
  server: Pick<Loopback, "origin" | "port">,
  grant: JsonObject = {},
  more: { resolve?: Resolve; timers?: Timers } = {},
): Made {
  const any = ["GET", "HEAD", "DELETE"].map((method) => ({ request: `${method} ${server.origin}/**`, query: true }));
  const post = ["POST", "PUT"].map((method) => ({
    request: `${method} ${server.origin}/**`,
    query: true,
    body: "text/plain",
  }));
  const web = compiled(httpKind, "web", { allow: [...any, ...post], ...grant }, undefined, new Set(["key", "none"]));
  const hosts = [`127.0.0.1:${server.port}`];
  const secrets = loadSecrets({ key: { from: "env:KEY", hosts } }, { env: { KEY: VALUE }, folder: "/" });
  const config = web.grant.config as unknown as HttpConfig;
  const provider = makeHttpProvider({
    config,
    secrets,
    timers: more.timers ?? timers,
    ...(more.resolve === undefined ? {} : { resolve: more.resolve }),
  });
  const call = (args: unknown): AdmittedCall => admitted(web.grant, "fetch", args);
  return {
    provider,
    call,
    perform: (args) =>
      provider.perform(call(args), { signal: new AbortController().signal, resultBytesMax: 1024 * 1024 }),
  };
}
