// A call may be given a signal, which may be any object: it is handed the function that cancels, and can call it twice,
// late, and from within.
// Invariant: a call is cancelled once, while it is pending; nothing that the agent does breaks the protocol.
import { desk } from "enclosure:caps";

export default async function () {
  let cancel;
  const signal = {
    aborted: false,
    reason: new Error("cancelled"),
    addEventListener: (_, listener) => {
      cancel = listener;
    },
    removeEventListener: () => {},
  };
  const call = desk.echo({}, { signal });
  for (let i = 0; i < 5; i++) cancel?.();
  await call.catch(() => {});
  for (let i = 0; i < 5; i++) cancel?.();
  await desk.echo({});
}
