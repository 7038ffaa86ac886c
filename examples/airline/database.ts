// The airline's database: flights, reservations and users of tau-bench's airline domain (sierra-research/tau-bench, MIT).
// A file is read and parsed once in a thread, at first use; a session changes copies of its own, so that nothing of one
// session is seen by another and starting a session costs nothing.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Cabin = "basic_economy" | "economy" | "business";

export type FlightDay =
  | {
      readonly status: "available";
      readonly available_seats: Readonly<Record<Cabin, number>>;
      readonly prices: Readonly<Record<Cabin, number>>;
    }
  | { readonly status: "landed" | "cancelled" | "on time" | "flying" | "delayed" };

export interface Flight {
  readonly flight_number: string;
  readonly origin: string;
  readonly destination: string;
  readonly scheduled_departure_time_est: string;
  /** "03:00:00+1" where it lands on the next day. */
  readonly scheduled_arrival_time_est: string;
  readonly dates: Readonly<Record<string, FlightDay>>;
}

export interface Passenger {
  readonly first_name: string;
  readonly last_name: string;
  readonly dob: string;
}

/** US dollars; negative where money goes back. */
export interface Payment {
  readonly payment_id: string;
  readonly amount: number;
}

export interface Segment {
  readonly origin: string;
  readonly destination: string;
  readonly flight_number: string;
  readonly date: string;
  readonly price: number;
}

export interface Reservation {
  readonly reservation_id: string;
  readonly user_id: string;
  readonly origin: string;
  readonly destination: string;
  readonly flight_type: string;
  readonly cabin: Cabin;
  flights: readonly Segment[];
  passengers: readonly Passenger[];
  payment_history: Payment[];
  readonly created_at: string;
  total_baggages: number;
  nonfree_baggages: number;
  readonly insurance: string;
  status?: "cancelled";
}

export type PaymentMethod =
  | { readonly source: "credit_card"; readonly brand: string; readonly last_four: string; readonly id: string }
  | { readonly source: "gift_card" | "certificate"; amount: number; readonly id: string };

export interface User {
  readonly name: Readonly<Record<string, string>>;
  readonly address: Readonly<Record<string, string>>;
  readonly email: string;
  readonly dob: string;
  readonly payment_methods: Record<string, PaymentMethod>;
  readonly saved_passengers: readonly Passenger[];
  readonly membership: string;
  readonly reservations: string[];
}

/** What one session sees and may change. Every `undefined` means: there is no such thing. */
export interface Database {
  readonly flights: ReadonlyMap<string, Flight>;
  /** The session's own copy: what is changed in it stays changed for the session. */
  reservation(id: string): Reservation | undefined;
  user(id: string): User | undefined;
  addReservation(reservation: Reservation): void;
}

type Table<Row> = ReadonlyMap<string, Row>;
const tables = new Map<string, Table<unknown>>();

function table<Row>(folder: string, name: string): Table<Row> {
  const path = join(folder, `${name}.json`);
  let rows = tables.get(path);
  if (rows === undefined) {
    rows = new Map(Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>));
    tables.set(path, rows);
  }
  return rows as Table<Row>;
}

/** The database as the files of `folder` have it, for one session. */
export function openDatabase(folder: string): Database {
  const reservations = new Map<string, Reservation>();
  const users = new Map<string, User>();
  return {
    get flights() {
      return table<Flight>(folder, "flights");
    },
    reservation: (id) => ownCopy(reservations, id, () => table<Reservation>(folder, "reservations")),
    user: (id) => ownCopy(users, id, () => table<User>(folder, "users")),
    addReservation: (reservation) => void reservations.set(reservation.reservation_id, reservation),
  };
}

function ownCopy<Row>(own: Map<string, Row>, id: string, shared: () => Table<Row>): Row | undefined {
  const mine = own.get(id);
  if (mine !== undefined) return mine;
  const original = shared().get(id);
  if (original === undefined) return undefined;
  const copy = structuredClone(original);
  own.set(id, copy);
  return copy;
}
