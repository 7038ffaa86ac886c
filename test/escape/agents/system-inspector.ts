// Past Node's permissions: the signal that has a Node process open its inspector, sent to a host that does not listen to
// it itself.
// Invariant: the process signals no other, and sees none.

export default async function () {
  globalThis.escaped?.(`process._debugProcess(Math.max(process.ppid, 2))`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
