// What the desk's tools change: bookings, cancellations, flights, passengers, baggage, certificates. Each looks at
// everything first and changes nothing after a mistake. They notice few mistakes: the domain's policy says "The API does
// not check these for the agent", so what an agent must not do is said in enclosure.yaml.

import type { Cabin, Database, Passenger, Payment, PaymentMethod, Reservation, Segment, User } from "./database.ts";
import { found, Mistake } from "./mistake.ts";

/** The desk's clock stands at the moment that its policy names. */
const NOW = "2024-05-15T15:00:00";
const BAGGAGE_PRICE = 50;
const INSURANCE_PRICE = 30;
const NEW_RESERVATION_IDS = ["HATHAT", "HATHAU", "HATHAV"];
const NEW_CERTIFICATE_IDS = ["certificate_3221322", "certificate_3221323", "certificate_3221324"];

interface FlightChoice {
  readonly flight_number: string;
  readonly date: string;
}

export interface Booking {
  readonly user_id: string;
  readonly origin: string;
  readonly destination: string;
  readonly flight_type: string;
  readonly cabin: Cabin;
  readonly flights: readonly FlightChoice[];
  readonly passengers: readonly Passenger[];
  readonly payment_methods: readonly Payment[];
  readonly total_baggages: number;
  readonly nonfree_baggages: number;
  readonly insurance: string;
}

export interface FlightsChange {
  readonly reservation_id: string;
  readonly cabin: Cabin;
  readonly flights: readonly FlightChoice[];
  readonly payment_id: string;
}

export interface BaggagesChange {
  readonly reservation_id: string;
  readonly total_baggages: number;
  readonly nonfree_baggages: number;
  readonly payment_id: string;
}

/** The flight as a segment at the day's price. */
function seatsOn(db: Database, choice: FlightChoice, cabin: Cabin, seats: number): Segment {
  const { flight_number, date } = choice;
  const flight = found(db.flights.get(flight_number), `flight ${flight_number} not found`);
  const day = found(flight.dates[date], `flight ${flight_number} not found on date ${date}`);
  if (day.status !== "available") throw new Mistake(`flight ${flight_number} not available on date ${date}`);
  if (day.available_seats[cabin] < seats) throw new Mistake(`not enough seats on flight ${flight_number}`);
  return { ...choice, price: day.prices[cabin], origin: flight.origin, destination: flight.destination };
}

function priceOf(flights: readonly { readonly price: number }[], passengers: readonly Passenger[]): number {
  return flights.reduce((total, { price }) => total + price, 0) * passengers.length;
}

export function book(db: Database, user: User, booking: Booking): Reservation {
  const { passengers, payment_methods: payments, flights: choices, ...rest } = booking;
  const flights = choices.map((choice) => seatsOn(db, choice, rest.cabin, passengers.length));
  const insurance = rest.insurance === "yes" ? INSURANCE_PRICE * passengers.length : 0;
  const price = priceOf(flights, passengers) + insurance + BAGGAGE_PRICE * rest.nonfree_baggages;
  checkPayments(user, payments, price);
  const id = NEW_RESERVATION_IDS.find((candidate) => db.reservation(candidate) === undefined);
  const reservation: Reservation = {
    reservation_id: found(id, "too many reservations"),
    user_id: rest.user_id,
    origin: rest.origin,
    destination: rest.destination,
    flight_type: rest.flight_type,
    cabin: rest.cabin,
    flights,
    passengers,
    payment_history: [...payments],
    created_at: NOW,
    total_baggages: rest.total_baggages,
    nonfree_baggages: rest.nonfree_baggages,
    insurance: rest.insurance,
  };
  for (const payment of payments) take(user, payment);
  db.addReservation(reservation);
  user.reservations.push(reservation.reservation_id);
  return reservation;
}

function methodOf(user: User, payment_id: string): PaymentMethod | undefined {
  return Object.hasOwn(user.payment_methods, payment_id) ? user.payment_methods[payment_id] : undefined;
}

function checkPayments(user: User, payments: readonly Payment[], price: number): void {
  for (const { payment_id, amount } of payments) {
    const method = found(methodOf(user, payment_id), `payment method ${payment_id} not found`);
    if (method.source !== "credit_card" && method.amount < amount) {
      throw new Mistake(`not enough balance in payment method ${payment_id}`);
    }
  }
  const paid = payments.reduce((total, { amount }) => total + amount, 0);
  if (paid !== price) {
    throw new Mistake(`payment amount does not add up, total price is ${price}, but paid ${paid}`);
  }
}

/** A certificate is used up whole: "The remaining amount of a travel certificate is not refundable." */
function take(user: User, { payment_id, amount }: Payment): void {
  const method = methodOf(user, payment_id);
  if (method?.source === "gift_card") method.amount -= amount;
  else if (method?.source === "certificate") delete user.payment_methods[payment_id];
}

export function cancel(reservation: Reservation): Reservation {
  const refunds = reservation.payment_history.map(({ payment_id, amount }) => ({ payment_id, amount: -amount }));
  reservation.payment_history.push(...refunds);
  reservation.status = "cancelled";
  return reservation;
}

export function changeFlights(db: Database, reservation: Reservation, change: FlightsChange): Reservation {
  const { passengers } = reservation;
  const flights = change.flights.map((choice) => {
    const kept = keptSegment(reservation, choice, change.cabin);
    return kept === undefined ? seatsOn(db, choice, change.cabin, passengers.length) : kept;
  });
  const owed = priceOf(flights, passengers) - priceOf(reservation.flights, passengers);
  charge(db, reservation, change.payment_id, owed);
  reservation.flights = flights;
  return reservation;
}

/** "Some flight segments can be kept, but their prices will not be updated based on the current price." */
function keptSegment(reservation: Reservation, choice: FlightChoice, cabin: Cabin): Segment | undefined {
  if (cabin !== reservation.cabin) return undefined;
  const kept = reservation.flights.find(
    ({ flight_number, date }) => flight_number === choice.flight_number && date === choice.date,
  );
  if (kept === undefined) return undefined;
  return { ...choice, price: kept.price, origin: kept.origin, destination: kept.destination };
}

export function changePassengers(reservation: Reservation, passengers: readonly Passenger[]): Reservation {
  if (passengers.length !== reservation.passengers.length) throw new Mistake("number of passengers does not match");
  reservation.passengers = passengers;
  return reservation;
}

export function changeBaggages(db: Database, reservation: Reservation, change: BaggagesChange): Reservation {
  const owed = BAGGAGE_PRICE * Math.max(0, change.nonfree_baggages - reservation.nonfree_baggages);
  charge(db, reservation, change.payment_id, owed);
  reservation.total_baggages = change.total_baggages;
  reservation.nonfree_baggages = change.nonfree_baggages;
  return reservation;
}

/** Takes what a change costs from the reservation's user, or gives it back. */
function charge(db: Database, reservation: Reservation, payment_id: string, owed: number): void {
  const user = found(db.user(reservation.user_id), "user not found");
  const method = found(methodOf(user, payment_id), "payment method not found");
  if (method.source === "certificate") throw new Mistake("certificate cannot be used to update reservation");
  if (method.source === "gift_card") {
    if (method.amount < owed) throw new Mistake("gift card balance is not enough");
    method.amount -= owed;
  }
  if (owed !== 0) reservation.payment_history.push({ payment_id, amount: owed });
}

export function sendCertificate(user: User, user_id: string, amount: number): string {
  const free = NEW_CERTIFICATE_IDS.find((candidate) => !(candidate in user.payment_methods));
  const id = found(free, "too many certificates");
  user.payment_methods[id] = { source: "certificate", amount, id };
  return `Certificate ${id} added to user ${user_id} with amount ${amount}.`;
}
