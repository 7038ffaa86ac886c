// A thousand calls at once, none awaited: whoever queues them all holds them all.
// Invariant: a window bounds the calls in flight, and those beyond it are refused before anything is copied.
import { desk } from "enclosure:caps";

export default async function () {
  const calls = Array.from({ length: 1000 }, (_, i) =>
    desk.echo({ i }).then(
      () => 1,
      () => 0,
    ),
  );
  const taken = (await Promise.all(calls)).reduce((sum, one) => sum + one, 0);
  if (taken > 100) return `${taken} calls were in flight`;
}
