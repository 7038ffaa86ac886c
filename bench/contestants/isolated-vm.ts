// The agent in an isolate of isolated-vm, in the host's process: limits of memory and time; host functions as References
// that a closure holds, so that no object of the library is in the agent's reach; values are copied.

import ivm from "isolated-vm";
import { setTimeout as pause } from "node:timers/promises";
import { code, granted, GUEST, perform, print, say, sayInvalid, sayThrown, sleep, whenOver } from "./host.ts";
import { LIMITS } from "./limits.ts";

const DISPOSAL_MS = 1000;

const isolate = new ivm.Isolate({ memoryLimit: LIMITS.memoryMiB });
const context = await isolate.createContext();
await context.evalClosure(
  `const [names, desk, print, sleep] = [$0, $1, $2, $3];
  (${GUEST})(
    names,
    (name, arg) => desk.apply(undefined, [name, arg], { arguments: { copy: true }, result: { promise: true, copy: true } }),
    print,
    (ms) => sleep.apply(undefined, [ms], { result: { promise: true } }),
  );`,
  [
    new ivm.ExternalCopy([...granted.keys()]).copyInto(),
    new ivm.Reference(perform),
    new ivm.Callback(print),
    new ivm.Reference(sleep),
  ],
);
whenOver(() => isolate.isDisposed || isolate.dispose());
let output: ivm.Reference<unknown>;
try {
  output = await context.eval(code, { timeout: LIMITS.ms, promise: true, reference: true });
} catch (error) {
  // Threads of a disposed isolate take their time, and a host would go on: it does not end under them.
  await pause(DISPOSAL_MS);
  sayThrown(error, /^Script execution timed out|^Isolate (was|is) (already )?disposed|^Promise was abandoned/);
}
try {
  say({ status: "completed", output: await output.copy() });
} catch (error) {
  sayInvalid(error);
}
