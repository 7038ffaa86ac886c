// Every object has a constructor, and a constructor's constructor is Function: of the realm that made it. An object of the
// host's inside the sandbox is a way to compile code in the host's realm.
// Invariant: every object that the agent can reach is of its own realm.
import { desk } from "enclosure:caps";

export default async function () {
  const given = await desk.get({ id: 1 });
  for (const object of [desk, desk.get, desk.get({ id: 2 }), given, globalThis, setTimeout, console]) {
    try {
      const host = object.constructor.constructor("return process")();
      if (host.env.CANARY !== undefined) return host.env.CANARY;
    } catch {}
  }
}
