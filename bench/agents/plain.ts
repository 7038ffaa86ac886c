// The same work without an enclosure: what `node agent.ts` costs.
import { greet } from "./greet.ts";

console.log(JSON.stringify(greet({ name: "bench" })));
