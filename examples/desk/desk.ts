// The refund desk as a host module: what the payment company's own systems offer to the agent. It is the operator's
// code: it runs outside the enclosure, holds the ledger, and the agent reaches it only through the manifest's rules.
// Amounts are integer cents. What is paid out is euro, so the manifest's limits bind the very number that is paid.

import { defineCapability, defineModule } from "agent-enclosure";
import ledger from "./ledger.json" with { type: "json" };

const POLICY = {
  windowDays: 60,
  leadFromEurCents: 250_00,
  scoreFromEurCents: 200_00,
  scoreMax: 70,
};

const customerId = { type: "string", minLength: 6, maxLength: 12 };
const paymentId = { type: "string", minLength: 6, maxLength: 12 };
const caseId = { type: "string", minLength: 7, maxLength: 12 };
const eurCents = { type: "integer", minimum: 1, maximum: 100_000_00 };
const sentence = { type: "string", minLength: 1, maxLength: 500 };

const text = { type: "string" };
const whole = { type: "integer" };

/** All of these members, and no other. */
function object(properties: Record<string, object>) {
  return { type: "object", required: Object.keys(properties), additionalProperties: false, properties };
}

const state = object({ case_id: text, state: text });
const customer = object({
  customer_id: text,
  name: text,
  since: text,
  country: text,
  refunds_90d: whole,
  chargebacks: whole,
});

interface Refund {
  readonly case_id: string;
  readonly payment_id: string;
  readonly eur_cents: number;
}

function customerOf(id: string) {
  const found = ledger.customers.find(({ customer_id }) => customer_id === id);
  if (found === undefined) throw new Error(`no customer ${id}`);
  return found;
}

export default defineModule(() => {
  const refunded = new Set<string>();
  const closed = new Map<string, string>();

  function payment(id: string) {
    const found = ledger.payments.find(({ payment_id }) => payment_id === id);
    if (found === undefined) throw new Error(`no payment ${id}`);
    return refunded.has(id) ? { ...found, status: "refunded" } : found;
  }

  function refund({ case_id, payment_id, eur_cents }: Refund) {
    const { status } = payment(payment_id);
    if (status !== "settled") throw new Error(`payment ${payment_id} is ${status}`);
    refunded.add(payment_id);
    return { refund_id: `RF-${case_id.slice(3)}`, paid_eur_cents: eur_cents };
  }

  function close(id: string, how: string) {
    if (closed.has(id)) throw new Error(`case ${id} is closed already`);
    closed.set(id, how);
    return { case_id: id, state: how };
  }

  return [
    defineCapability({
      name: "get_policy",
      description: "The desk's rules of the day.",
      effect: "read",
      input: object({}),
      output: object({ windowDays: whole, leadFromEurCents: whole, scoreFromEurCents: whole, scoreMax: whole }),
      run: () => POLICY,
    }),
    defineCapability({
      name: "get_payment",
      description: "What was really paid, when, and whether it has been refunded.",
      effect: "read",
      input: object({ payment_id: paymentId }),
      output: object({
        payment_id: text,
        customer_id: text,
        merchant: text,
        cents: whole,
        currency: text,
        paid_on: text,
        status: { type: "string", enum: ["settled", "pending", "refunded"] },
      }),
      run: ({ payment_id }: { payment_id: string }) => payment(payment_id),
    }),
    defineCapability({
      name: "get_customer",
      description: "A customer's record: name, country, earlier refunds and chargebacks.",
      effect: "read",
      input: object({ customer_id: customerId }),
      output: customer,
      run: ({ customer_id }: { customer_id: string }) => customerOf(customer_id),
    }),
    defineCapability({
      name: "refund",
      description: "Pays money back to the card that a payment came from. Cannot be taken back.",
      effect: "irreversible",
      input: object({ case_id: caseId, payment_id: paymentId, eur_cents: eurCents }),
      output: object({ refund_id: text, paid_eur_cents: whole }),
      run: refund,
    }),
    defineCapability({
      name: "close_case",
      description: "Closes a case and writes to the customer.",
      effect: "write",
      input: object({
        case_id: caseId,
        decision: { type: "string", enum: ["refunded", "rejected"] },
        explanation: sentence,
      }),
      output: state,
      run: ({ case_id, decision }: { case_id: string; decision: string }) => close(case_id, decision),
    }),
    defineCapability({
      name: "escalate",
      description: "Hands a case over to people.",
      effect: "write",
      input: object({
        case_id: caseId,
        to: { type: "string", enum: ["desk-lead", "finance", "fraud"] },
        explanation: sentence,
      }),
      output: state,
      run: ({ case_id, to }: { case_id: string; to: string }) => close(case_id, `with ${to}`),
    }),
    defineCapability({
      name: "export_customers",
      description: "All customers' records, for the monthly report. The refund agent has no business with it.",
      effect: "read",
      input: object({}),
      output: { type: "array", items: customer },
      run: () => ledger.customers,
    }),
  ];
});
