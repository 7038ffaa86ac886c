// The same by way of an error that a promise carries: the stack is spelled later, when a handler first reads it, with
// whatever Error.prepareStackTrace, or one inherited from Object.prototype, is by then.
// Invariant: nobody inside is handed call sites, however late a stack is spelled.
import { desk } from "enclosure:caps";

export default async function () {
  let sites;
  const failing = (async () => {
    await desk.fail({});
  })();
  const own = (async () => {
    await null;
    throw new Error("late");
  })();
  const take = (_, given) => (sites = given);
  Object.prototype.prepareStackTrace = take;
  try {
    Error.prepareStackTrace = take;
  } catch {}
  for (const one of [failing, own]) {
    try {
      await one;
    } catch (error) {
      void error.stack;
    }
  }
  delete Object.prototype.prepareStackTrace;
  if (Array.isArray(sites)) return sites.map(String);
}
