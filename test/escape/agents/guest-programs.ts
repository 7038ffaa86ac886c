// Out of the isolate, in the guest process's own Node: start a program, which has none of Node's restrictions, and have it
// open a connection.
// Invariant: the process can start no other.

export default function () {
  const script = "exec 3<>/dev/tcp/127.0.0.1/CANARY_PORT; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
  const got = globalThis.escaped?.(
    `require("node:child_process").execFileSync("bash", ["-c", ${JSON.stringify(script)}], { timeout: 5000 }).toString()`,
  );
  return /canary-/.test(got) ? got : undefined;
}
