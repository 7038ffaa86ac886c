// An agent that was refused nothing throws an error that says it was, so that the record shows a refusal that never was.
// Invariant: a session ends as denied only where a call was denied with that very code.

export default function () {
  throw Object.assign(new Error("no"), { name: "CapabilityDenied", code: "APPROVAL_REFUSED" });
}
