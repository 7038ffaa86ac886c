// The airline desk as a host module: the 14 tools of tau-bench's airline domain, over a database of the session's own.
// It is the operator's code: it runs outside the enclosure, and the agent reaches it only through the manifest's rules.

import { defineCapability, defineModule } from "agent-enclosure";
import { openDatabase } from "./database.ts";
import { makeTools } from "./tools.ts";

const text = { type: "string", maxLength: 10_000 };
const id = { type: "string", minLength: 1, maxLength: 100 };
const count = { type: "integer", minimum: 0, maximum: 100 };
const date = { type: "string", minLength: 10, maxLength: 10, description: "as 2024-05-20" };
const airport = { type: "string", minLength: 3, maxLength: 3, description: "an IATA code, as JFK" };
const cabin = { type: "string", enum: ["basic_economy", "economy", "business"] };

/** An object that has these members; `open` lets others pass. */
function object(properties: Record<string, object>, open = false) {
  return { type: "object", required: Object.keys(properties), additionalProperties: open, properties };
}

function list(items: object) {
  return { type: "array", minItems: 1, maxItems: 20, items };
}

const flights = list(object({ flight_number: id, date }, true));
const passengers = list(object({ first_name: text, last_name: text, dob: date }, true));
const payments = list(object({ payment_id: id, amount: { type: "number" } }));
const search = object({ origin: airport, destination: airport, date });

/** What a tool found or made, or a text that says what was wrong. */
const answer = { anyOf: [{ type: "object" }, { type: "array" }, { type: "string" }] };

export default defineModule(({ env }) => {
  const folder = env["TAU_BENCH"];
  if (folder === undefined) throw new Error("the grant's env must name the data's folder as TAU_BENCH");
  const tools = makeTools(openDatabase(folder));
  const tool = (
    name: keyof typeof tools,
    effect: "read" | "write" | "irreversible",
    description: string,
    input: object,
  ) =>
    defineCapability({
      name,
      effect,
      description,
      input,
      output: answer,
      // The broker has checked the argument against `input`, which is where the tool's own type comes from.
      run: (argument) => (tools[name] as (argument: unknown) => unknown)(argument),
    });
  return [
    tool("get_user_details", "read", "A user's profile, payment methods and reservations.", object({ user_id: id })),
    tool("get_reservation_details", "read", "A reservation.", object({ reservation_id: id })),
    tool("list_all_airports", "read", "The airports and their cities.", object({})),
    tool("search_direct_flight", "read", "Flights from one airport to another on a day.", search),
    tool("search_onestop_flight", "read", "Pairs of flights with one stop between two airports.", search),
    tool("calculate", "read", "A sum, to the cent.", object({ expression: text })),
    tool("think", "read", "A thought of the agent; changes nothing.", object({ thought: text })),
    tool(
      "book_reservation",
      "write",
      "Books and pays a new reservation.",
      object({
        user_id: id,
        origin: airport,
        destination: airport,
        flight_type: { type: "string", enum: ["one_way", "round_trip"] },
        cabin,
        flights,
        passengers,
        payment_methods: payments,
        total_baggages: count,
        nonfree_baggages: count,
        insurance: { type: "string", enum: ["yes", "no"] },
      }),
    ),
    tool(
      "update_reservation_flights",
      "write",
      "Changes a reservation's flights or cabin and charges or refunds the difference.",
      object({ reservation_id: id, cabin, flights, payment_id: id }),
    ),
    tool("update_reservation_passengers", "write", "Changes who travels.", object({ reservation_id: id, passengers })),
    tool(
      "update_reservation_baggages",
      "write",
      "Changes the checked bags and charges for those that are not free.",
      object({ reservation_id: id, total_baggages: count, nonfree_baggages: count, payment_id: id }),
    ),
    tool(
      "cancel_reservation",
      "irreversible",
      "Cancels the whole trip and refunds it.",
      object({ reservation_id: id }),
    ),
    tool(
      "send_certificate",
      "irreversible",
      "Gives a user a travel certificate.",
      object({ user_id: id, amount: { type: "number" } }),
    ),
    tool("transfer_to_human_agents", "write", "Hands the user over to a person.", object({ summary: text })),
  ];
});
