// The desk's 14 tools, as the recorded runs show them: what they ask for and what they answer.

import { evaluate } from "./arithmetic.ts";
import * as changes from "./changes.ts";
import type { Database, Passenger, Reservation, User } from "./database.ts";
import { answer, found, Mistake } from "./mistake.ts";
import { directFlights, onestopFlights } from "./search.ts";
import type { Search } from "./search.ts";

const AIRPORTS = {
  SFO: "San Francisco",
  JFK: "New York",
  LAX: "Los Angeles",
  ORD: "Chicago",
  DFW: "Dallas",
  DEN: "Denver",
  SEA: "Seattle",
  ATL: "Atlanta",
  MIA: "Miami",
  BOS: "Boston",
  PHX: "Phoenix",
  IAH: "Houston",
  LAS: "Las Vegas",
  MCO: "Orlando",
  EWR: "Newark",
  CLT: "Charlotte",
  MSP: "Minneapolis",
  DTW: "Detroit",
  PHL: "Philadelphia",
  LGA: "LaGuardia",
};

/** The tools of one session, over its own database. */
export function makeTools(db: Database) {
  const reservationOf = (id: string): Reservation => found(db.reservation(id), "reservation not found");
  const userOf = (id: string): User => found(db.user(id), "user not found");
  return {
    get_user_details: ({ user_id }: { user_id: string }) => answer(() => shown(userOf(user_id))),
    get_reservation_details: ({ reservation_id }: { reservation_id: string }) =>
      answer(() => reservationOf(reservation_id)),
    list_all_airports: () => AIRPORTS,
    search_direct_flight: (search: Search) => directFlights(db.flights.values(), search),
    search_onestop_flight: (search: Search) => onestopFlights([...db.flights.values()], search),
    book_reservation: (booking: changes.Booking) => answer(() => changes.book(db, userOf(booking.user_id), booking)),
    cancel_reservation: ({ reservation_id }: { reservation_id: string }) =>
      answer(() => changes.cancel(reservationOf(reservation_id))),
    update_reservation_flights: (change: changes.FlightsChange) =>
      answer(() => changes.changeFlights(db, reservationOf(change.reservation_id), change)),
    update_reservation_passengers: (change: { reservation_id: string; passengers: readonly Passenger[] }) =>
      answer(() => changes.changePassengers(reservationOf(change.reservation_id), change.passengers)),
    update_reservation_baggages: (change: changes.BaggagesChange) =>
      answer(() => changes.changeBaggages(db, reservationOf(change.reservation_id), change)),
    send_certificate: ({ user_id, amount }: { user_id: string; amount: number }) =>
      answer(() => changes.sendCertificate(userOf(user_id), user_id, amount)),
    calculate: ({ expression }: { expression: string }) => answer(() => calculate(expression)),
    think: () => "",
    transfer_to_human_agents: () => "Transfer successful",
  };
}

/** The desk shows as `province` what the file calls `state`: the recorded runs are older than the file. */
function shown(user: User): unknown {
  const address = Object.entries(user.address).map(([key, value]) => [key === "state" ? "province" : key, value]);
  return { ...user, address: Object.fromEntries(address) as object };
}

/** To the cent, and with a decimal point always: "255.0". */
function calculate(expression: string): string {
  try {
    const value = Number(evaluate(expression).toFixed(2));
    if (!Number.isFinite(value)) throw new Mistake("the result is no number");
    return Number.isInteger(value) ? `${value}.0` : `${value}`;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Mistake(error.message);
    throw error;
  }
}
