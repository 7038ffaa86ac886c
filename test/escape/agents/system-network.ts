// Past Node's permissions: connect to a server on the host's loopback. Node's own binding does it in one call: nothing
// waits for the event loop, which a guest process does not have.
// Invariant: the process makes no socket; its network is empty.

export default async function () {
  globalThis.escaped?.(`
    const { TCP, TCPConnectWrap, constants } = process.binding("tcp_wrap");
    globalThis.kept = new TCP(constants.SOCKET);
    kept.connect(new TCPConnectWrap(), "127.0.0.1", CANARY_PORT)`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
