// Out of the isolate, in the guest process's own Node: call twice under one number, so that one outcome, or one record,
// stands for two.
// Invariant: calls are numbered without gaps and without repetition, and the host ends a session in which they are not.

export default async function () {
  globalThis.escaped?.(`
    const header = Buffer.from(JSON.stringify({ type: "call", turn: 0, id: 1, capability: "desk", fn: "echo", line: 1, column: 1 }));
    const body = Buffer.from("{}");
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32BE(header.length, 0);
    prefix.writeUInt32BE(body.length, 4);
    require("node:fs").writeSync(3, Buffer.concat([prefix, header, body, prefix, header, body]))`);
  await new Promise((resolve) => setTimeout(resolve, 300));
}
