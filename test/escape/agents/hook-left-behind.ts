// The prelude and the guest process meet through a global. Left there, it would let the agent deliver to itself: outcomes
// of calls that were never made.
// Invariant: what delivers into the guest is in nobody's hands but the guest process's.
import { desk } from "enclosure:caps";

export default async function () {
  const call = desk.echo({ word: "true" });
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!name.startsWith("__")) continue;
    const found = globalThis[name];
    if (typeof found !== "function") continue;
    found('{"type":"settled","nowMs":0,"id":1,"ok":true}\n{"word":"forged"}');
    const { word } = await call;
    return word;
  }
  await call;
}
