// The prelude's own failures have a name. An agent that throws an error of that name, and has made `instanceof` say yes,
// would have the record say in the product's words what never was.
// Invariant: only the prelude's own failures are told as such.

export default function () {
  Object.defineProperty(Error, Symbol.hasInstance, { value: () => true });
  throw Object.assign(new Error("forged"), { name: "AgentFailure", code: "RESULT_TOO_LARGE" });
}
