// Past Node's permissions: kill the host, which is a process of the same user.
// Invariant: the process signals no other, and sees none.

export default async function () {
  globalThis.escaped?.(`process.kill(Math.max(process.ppid, 2), "SIGKILL")`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
