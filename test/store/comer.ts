// A process that comes and goes: takes the lock of one boot id after another, and buries whoever it finds dead meanwhile,
// as each opening of a store does. Run by liveness's tests: comer.ts <store> <which> <times>
import { Liveness } from "../../src/store/liveness.ts";

const [path = "", which = "0", times = "1"] = process.argv.slice(2);
const liveness = new Liveness(path);
liveness.makeFolder();
for (let time = 0; time < Number(times); time++) {
  const boot = which.repeat(8) + String(time).padStart(8, "0");
  const life = liveness.hold(boot);
  for (const one of liveness.dead()) liveness.bury(one);
  if (!liveness.isLive(boot)) throw new Error(`${boot} was taken for dead`);
  life.end(time % 2 === 0 ? "remove" : "leave");
}
