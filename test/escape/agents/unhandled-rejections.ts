// Rejections that nobody handles: Node ends the process in which they happen.
// Invariant: a rejection in the guest is the guest's affair.

export default async function () {
  for (let i = 0; i < 1000; i++) void Promise.reject(new Error(`unhandled ${i}`));
  await new Promise((resolve) => setTimeout(resolve, 50));
}
