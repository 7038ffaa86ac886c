// The guest's clock stands still within a turn. A way to the real one would make runs differ and let the agent time what
// it should not: every way that the language has is read, time is spent, and they are read again.
// Invariant: no clock moves within a turn.

export default function () {
  const precise = { hour: "numeric", minute: "numeric", second: "numeric", fractionalSecondDigits: 3 };
  const format = new Intl.DateTimeFormat("en", precise);
  const parts = (list) => list.map(({ value }) => value).join("");
  const NativeDate = Object.getPrototypeOf(new Date()).constructor;
  const clocks = {
    now: () => Date.now(),
    plain: () => Date(),
    date: () => new Date().getTime(),
    constructor: () => new NativeDate().getTime(),
    subclass: () => new (class extends Date {})().getTime(),
    reflect: () => Reflect.construct(Date, [], Object) && new Date().getTime(),
    performance: () => performance.now(),
    event: () => new Event("x").timeStamp,
    format: () => format.format(),
    parts: () => parts(format.formatToParts()),
    undefined: () => format.format(undefined),
    instant: () => Temporal.Now.instant().epochNanoseconds,
    plainTime: () => Temporal.Now.plainTimeISO().toString(),
    zoned: () => Temporal.Now.zonedDateTimeISO("UTC").epochNanoseconds,
  };
  const read = () => Object.fromEntries(Object.entries(clocks).map(([name, clock]) => [name, String(clock())]));
  const before = read();
  for (let i = 0; i < 5e7; i++);
  const after = read();
  const moved = Object.keys(clocks).filter((name) => before[name] !== after[name]);
  if (moved.length > 0) return moved;
}
