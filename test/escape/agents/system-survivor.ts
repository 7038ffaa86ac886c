// Past Node's permissions: run on when the host is dead. No time-out of the isolate's reaches a loop in Node itself, and
// whoever does not read the channel does not learn that it has ended.
// Invariant: the kernel kills the process when its host dies.

export default function () {
  globalThis.escaped?.("for (;;);");
}
