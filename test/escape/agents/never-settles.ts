// A promise that never settles, with nothing pending that could settle it: the host waits, or takes what it has for the
// end.
// Invariant: an agent that cannot come to its end is said to have stalled, at once.

export default () => new Promise(() => {});
