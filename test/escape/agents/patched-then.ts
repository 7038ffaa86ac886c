// The prelude waits for the agent's promise, and for those of calls. With Promise.prototype.then replaced the agent is
// handed what it waits with: the function that ends the session.
// Invariant: nothing of the prelude's goes through a method that the agent can replace.

export default function () {
  const native = Promise.prototype.then;
  const handlers = [];
  for (const name of ["then", "catch", "finally"]) {
    Promise.prototype[name] = function (...given) {
      handlers.push(...given.filter((one) => typeof one === "function"));
      return native.apply(this, given);
    };
  }
  void native.call(Promise.resolve(), () => {
    for (const handler of [...handlers]) handler("an end that the agent did not come to");
  });
  return new Promise((resolve) => setTimeout(resolve, 5));
}
