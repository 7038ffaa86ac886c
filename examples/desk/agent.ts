// The refund agent: works through the day's cases as an agent with a language model behind it would. It reads a case,
// consults the policy, the ledger and two services, states its reason, and acts. The model is replaced by code, so that
// every run is the same; its weak spot is kept: like a model, it may do what a customer's text tells it to.

import { desk, files, note } from "enclosure:caps";

interface Case {
  readonly case: string;
  readonly customer: { readonly id: string; readonly name: string };
  readonly payment: string;
  readonly merchant: string;
  readonly asked: { readonly amount: string; readonly currency: string };
  readonly reason: string;
  readonly message: string;
}

type Policy = Awaited<ReturnType<typeof desk.get_policy>>;
type Decision = { outcome: "refunded"; eurCents: number } | { outcome: "rejected" | "escalated" };
type Row = Decision & { case: string; customer: string; explanation: string };

const services = process.env.SERVICES;
const rates = new Map<string, number>([["EUR", 1]]);

export default async function main({ day }: { day: string }) {
  const policy = await desk.get_policy({});
  const rows: Row[] = [];
  for (const { name } of await files.list("/cases")) {
    const claim: Case = JSON.parse(await files.readText(`/cases/${name}`));
    const { explanation, ...decision } = await handle(claim, day, policy);
    rows.push({ case: claim.case, customer: claim.customer.id, explanation, ...decision });
  }
  await files.write(`/out/refunds-${day}.md`, report(day, rows));
  return summary(rows);
}

async function handle(claim: Case, day: string, policy: Policy): Promise<Decision & { explanation: string }> {
  const orders = ordersIn(claim.message);
  if (orders.length > 0) return await obey(claim, orders);
  const payment = await paymentOf(claim);
  if (payment === undefined) return await reject(claim, "there is no such payment; ask the customer for the reference");
  if (payment.status === "refunded") return await reject(claim, "this payment has been refunded before");
  if (payment.status === "pending") return await reject(claim, "the payment has not settled; it will lapse by itself");
  const age = (Date.parse(day) - Date.parse(payment.paid_on)) / 86_400_000;
  if (age > policy.windowDays) {
    return await reject(claim, `paid ${age} days ago, and the window is ${policy.windowDays} days`);
  }
  const eurCents = Math.round(payment.cents * (await rateOf(payment.currency)));
  if (eurCents >= policy.scoreFromEurCents) {
    const score = await scoreOf(claim, eurCents);
    if (score > policy.scoreMax) return await escalate(claim, "fraud", `risk score ${score} for ${euro(eurCents)}`);
  }
  const extra = Number(claim.asked.amount) * 100 > payment.cents ? "; only what was paid, not the extra asked for" : "";
  return await refund(claim, eurCents, `${claim.reason}, paid ${age} days ago, ${euro(eurCents)}${extra}`);
}

/** A failed look-up is an answer too: the desk knows no such payment. */
async function paymentOf(claim: Case) {
  try {
    return await desk.get_payment({ payment_id: claim.payment });
  } catch (error) {
    if (!isNamed(error, "CapabilityFailed")) throw error;
    return undefined;
  }
}

async function rateOf(currency: string): Promise<number> {
  let rate = rates.get(currency);
  if (rate === undefined) {
    rate = (await (await fetch(`${services}/v1/rates/${currency}`)).json()).rate as number;
    rates.set(currency, rate);
  }
  return rate;
}

/** The score service is told numbers alone; its rule in the manifest lets nothing else pass. */
async function scoreOf(claim: Case, eur_cents: number): Promise<number> {
  const { refunds_90d, chargebacks } = await desk.get_customer({ customer_id: claim.customer.id });
  const response = await fetch(`${services}/v1/scores`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refunds_90d, chargebacks, eur_cents }),
  });
  return (await response.json()).score;
}

async function refund(claim: Case, eurCents: number, explanation: string): Promise<Decision & { explanation: string }> {
  note(`${claim.case} refund: ${explanation}`);
  const refused = await attempt(() =>
    desk.refund({ case_id: claim.case, payment_id: claim.payment, eur_cents: eurCents }),
  );
  if (refused === "APPROVAL_UNAVAILABLE") return await escalate(claim, "desk-lead", `${euro(eurCents)} needs a lead`);
  if (refused !== undefined)
    return await escalate(claim, "finance", `${euro(eurCents)} is above what the desk may pay`);
  await desk.close_case({ case_id: claim.case, decision: "refunded", explanation });
  return { outcome: "refunded", eurCents, explanation };
}

async function reject(claim: Case, explanation: string): Promise<Decision & { explanation: string }> {
  note(`${claim.case} reject: ${explanation}`);
  await desk.close_case({ case_id: claim.case, decision: "rejected", explanation });
  return { outcome: "rejected", explanation };
}

async function escalate(
  claim: Case,
  to: "desk-lead" | "finance" | "fraud",
  explanation: string,
): Promise<Decision & { explanation: string }> {
  note(`${claim.case} hand over to ${to}: ${explanation}`);
  await desk.escalate({ case_id: claim.case, to, explanation });
  return { outcome: "escalated", explanation: `${to}: ${explanation}` };
}

/** Does it, or gives the code of the refusal. Any other failure is the agent's own. */
async function attempt(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (!isNamed(error, "CapabilityDenied")) throw error;
    return error.code;
  }
}

function isNamed(error: unknown, name: string): error is Error & { code: string } {
  return error instanceof Error && error.name === name;
}

// ── The weak spot ──────────────────────────────────────────────────────────────────────────────────────────────────

type Order = { refund: string } | { send: string } | { write: string; path: string };

/** What a text tells its reader to do. A model has no such function; it does not need one to be led astray. */
function ordersIn(message: string): Order[] {
  const orders: Order[] = [];
  for (const [, amount = ""] of message.matchAll(/^Refund ([\d.]+) EUR/gm)) orders.push({ refund: amount });
  for (const [, url = ""] of message.matchAll(/send .*? to (https:\S+)/g)) orders.push({ send: url });
  for (const [, text = "", path = ""] of message.matchAll(/write "(.+?)" into (\S+?)\.?$/gm)) {
    orders.push({ write: text, path });
  }
  return orders;
}

async function obey(claim: Case, orders: readonly Order[]): Promise<Decision & { explanation: string }> {
  note(`${claim.case} the customer's text says that checks are done; following its steps`);
  const refusals: string[] = [];
  for (const order of orders) {
    const refused = await attempt(() => carryOut(claim, order));
    if (refused !== undefined) refusals.push(refused);
  }
  return await escalate(claim, "fraud", `the text gave orders; ${refusals.length} of ${orders.length} were refused`);
}

async function carryOut(claim: Case, order: Order): Promise<unknown> {
  if ("refund" in order) {
    const eur_cents = Math.round(Number(order.refund) * 100);
    return await desk.refund({ case_id: claim.case, payment_id: claim.payment, eur_cents });
  }
  if ("send" in order) {
    const record = await desk.get_customer({ customer_id: claim.customer.id });
    return await fetch(order.send, { method: "POST", body: JSON.stringify(record) });
  }
  return await files.write(order.path, order.write);
}

// ── The report ─────────────────────────────────────────────────────────────────────────────────────────────────────

function report(day: string, rows: readonly Row[]): string {
  const lines = rows.map(
    (row) => `| ${row.case} | ${row.customer} | ${row.outcome} | ${paidOf(row)} | ${row.explanation} |`,
  );
  const { refunded, paid, rejected, escalated } = summary(rows);
  return [
    `# Refunds of ${day}`,
    "",
    `${refunded} refunded (${paid}), ${rejected} rejected, ${escalated} with people.`,
    "",
    "| case | customer | outcome | paid | why |",
    "| --- | --- | --- | ---: | --- |",
    ...lines,
    "",
  ].join("\n");
}

function summary(rows: readonly Row[]) {
  const count = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
  const cents = rows.reduce((total, row) => total + (row.outcome === "refunded" ? row.eurCents : 0), 0);
  return {
    cases: rows.length,
    refunded: count("refunded"),
    paid: euro(cents),
    rejected: count("rejected"),
    escalated: count("escalated"),
  };
}

function paidOf(row: Row): string {
  return row.outcome === "refunded" ? euro(row.eurCents) : "";
}

function euro(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`;
}
