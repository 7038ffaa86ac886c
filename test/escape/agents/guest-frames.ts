// Out of the isolate, in the guest process's own Node: write frames on the channel. A call of a function that is not
// granted needs no function in the guest then.
// Invariant: the host decides on what a frame says, and believes nothing of it.

export default async function () {
  globalThis.escaped?.(`
    const header = Buffer.from(JSON.stringify({ type: "call", turn: 0, id: 1, capability: "desk", fn: "reveal", line: 1, column: 1 }));
    const body = Buffer.from("{}");
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32BE(header.length, 0);
    prefix.writeUInt32BE(body.length, 4);
    require("node:fs").writeSync(3, Buffer.concat([prefix, header, body]))`);
  await new Promise((resolve) => setTimeout(resolve, 300));
}
