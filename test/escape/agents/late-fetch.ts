// fetch is set up when it is first touched, after the agent has had the time to replace the methods with which it finds
// the grant that it sends through: the table of all grants would be shown to them.
// Invariant: what a lazy part of the prelude needs of the bridge is made before the agent's first line.

export default async function () {
  let table;
  const native = Array.prototype.find;
  Array.prototype.find = function (...given) {
    if (this[0]?.functions !== undefined) table = this;
    return native.apply(this, given);
  };
  await fetch("https://example.com/").catch(() => {});
  return table;
}
