// Out of the isolate, in the guest process's own Node: begin a frame of four gigabytes, for which the host waits, or makes
// room.
// Invariant: no room is made for a length that has not been checked.

export default async function () {
  globalThis.escaped?.(`require("node:fs").writeSync(3, Buffer.from([0x7f, 0xff, 0xff, 0xf0, 0, 0, 0, 0]))`);
  await new Promise((resolve) => setTimeout(resolve, 300));
}
