// A function in sloppy mode may ask who called it, and with what: `caller`, `arguments` and `arguments.callee`. The
// prelude calls functions of the agent's: timers, listeners, toJSON, toString.
// Invariant: no function of the prelude, and no argument of one, is told to those whom it calls.
import { desk } from "enclosure:caps";

export default async function () {
  const loot = [];
  const make = Function(
    "loot",
    `return function spy() {
    let caller = spy.caller;
    for (let i = 0; caller && i < 10; i++) {
      if (!/agent/.test(caller.name)) loot.push(...(caller.arguments ?? []));
      caller = caller.caller;
    }
    return "";
  }`,
  );
  const spy = make(loot);
  const known = [spy, loot, globalThis];
  await new Promise((resolve) => setTimeout(() => resolve(setTimeout(spy, 1)), 1));
  queueMicrotask(spy);
  new EventTarget().addEventListener("x", spy);
  console.log({ toString: spy }, "%s", { [Symbol.toPrimitive]: spy });
  await desk.echo({ toJSON: spy, a: Object.create({ toJSON: spy }) });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const found = loot.filter((one) => typeof one === "object" && one !== null && !known.includes(one));
  const bridge = found.find((one) => typeof one.call === "function" && typeof one.finish === "function");
  if (bridge !== undefined) return Object.getOwnPropertyNames(Object.getPrototypeOf(bridge));
}
