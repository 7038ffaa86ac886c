// What a synchronous host function throws arrives as the host's error, with the host's stack in it.
// Invariant: an error that the agent catches was made in the guest, from a fixed text.
import { desk } from "enclosure:caps";

export default async function () {
  const hostile = [
    Symbol("x"),
    1n,
    {},
    new Proxy(
      {},
      {
        get() {
          throw 1;
        },
      },
    ),
    { then: 1 },
  ];
  for (const value of hostile) {
    for (const deed of [() => console.log(value), () => setTimeout(value), () => desk.get(value), () => atob(value)]) {
      try {
        await deed();
      } catch (error) {
        const found = /(?:file:|node:)\S+/.exec(`${error?.stack}`);
        if (found !== null) return found[0];
      }
    }
  }
}
