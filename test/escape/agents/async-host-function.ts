// A host function that is asynchronous where nobody waits for it turns a bad argument into a rejection that nobody
// handles, and so into the end of the host.
// Invariant: the one function of the host's side is synchronous and never throws.

export default async function () {
  console.debug("");
  console.debug(undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
