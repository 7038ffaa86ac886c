// The two services of the company's network that the desk consults, on the loopback: exchange rates and a fraud score.

import { createServer } from "node:http";
import { once } from "node:events";

/** Euro for one unit, on the example's day. */
const RATES = { USD: 0.9184, GBP: 1.1873, CHF: 1.0412, SEK: 0.0897, PLN: 0.2338 };
const BODY_BYTES_MAX = 10_000;

/** Starts on a port that the system picks. @returns {Promise<{port: number, close(): void}>} */
export async function startServices() {
  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {import("node:http").IncomingMessage} request @returns {Promise<[number, object]>} */
async function answer(request) {
  const currency = /^\/v1\/rates\/([A-Z]{3})$/.exec(request.url ?? "")?.[1];
  if (request.method === "GET" && currency !== undefined && Object.hasOwn(RATES, currency)) {
    return [200, { base: currency, quote: "EUR", rate: RATES[/** @type {keyof RATES} */ (currency)] }];
  }
  if (request.method === "POST" && request.url === "/v1/scores") return [200, score(JSON.parse(await textOf(request)))];
  return [404, { error: "not found" }];
}

/** 0 is calm, 100 is certain fraud. @param {{refunds_90d: number, chargebacks: number, eur_cents: number}} facts */
function score({ refunds_90d, chargebacks, eur_cents }) {
  const value = 8 * refunds_90d + 20 * chargebacks + Math.round(eur_cents / 50_00);
  return { score: Math.min(value, 100), model: "claims-risk-7" };
}

/** @param {import("node:http").IncomingMessage} request */
async function textOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new Error("too long");
  }
  return text;
}
