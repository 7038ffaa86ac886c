// One call of a built-in that takes long: no time-out of the script engine looks in between.
// Invariant: the process is killed from outside; nothing depends on the engine giving way.

export default async function () {
  await null;
  const text = "a".repeat(2 ** 22);
  if (text.lastIndexOf(`${"a".repeat(2 ** 21)}b`) > 0) return "found";
}
