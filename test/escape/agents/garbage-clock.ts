// WeakRef and FinalizationRegistry show when garbage is collected: a channel out of the virtual time, and a run that no
// replay repeats.
// Invariant: nothing shows when garbage is collected.

export default function () {
  return typeof new WeakRef({}).deref();
}
