// A captured method is called by `call` or `apply`, which are methods too: of Function.prototype, where the agent can
// replace them and see every receiver and argument.
// Invariant: captured methods are called by a captured Reflect.apply.
import { desk } from "enclosure:caps";

export default async function () {
  const seen = [];
  const { apply, call } = Function.prototype;
  Function.prototype.call = function (self, ...rest) {
    seen.push(self);
    return Reflect.apply(this, self, rest);
  };
  Function.prototype.apply = function (self, rest) {
    seen.push(self);
    return Reflect.apply(this, self, rest);
  };
  await desk.echo({ a: 1 });
  Object.assign(Function.prototype, { apply, call });
  return seen.find((one) => typeof one === "string" && one.startsWith('{"type"'));
}
