// A hundred thousand timers: each is held by the host until it fires.
// Invariant: how many timers are armed at once is bounded.

export default function () {
  for (let i = 0; i < 200; i++) setTimeout(() => {}, 60_000 + i);
}
