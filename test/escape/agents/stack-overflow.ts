// Whoever calls with the stack nearly full makes the other side throw at a place of the caller's choice, in the middle of
// what it was doing. Each function of the bridge is called at each depth.
// Invariant: what is caught then is the guest's own RangeError, and the bridge is whole afterwards.
import { desk } from "enclosure:caps";

export default async function () {
  const caught = [];
  const deeds = [
    () => console.log("deep"),
    () => clearTimeout(setTimeout(() => {}, 1)),
    () => void desk.echo({ deep: true }).catch((error) => caught.push(error)),
    () => crypto.randomUUID(),
  ];
  for (const deed of deeds) {
    let done = 0;
    const dive = () => {
      try {
        dive();
      } catch {}
      if (done >= 5) return;
      try {
        deed();
        done++;
      } catch (error) {
        caught.push(error);
      }
    };
    dive();
  }
  for (const error of caught) {
    const known =
      error.code === "IN_FLIGHT_EXCEEDED" ||
      (Object.getPrototypeOf(error) === RangeError.prototype &&
        /^Maximum call stack size exceeded$/.test(error.message));
    if (!known) return `${error.name}: ${error.message}\n${error.stack}`;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { alive } = await desk.echo({ alive: 7 });
  if (alive !== 7) return "the bridge is broken";
}
