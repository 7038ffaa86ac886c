// WebAssembly's memory is counted by nobody within the isolate, and its code runs outside of what a debugger or a limit
// of the language sees.
// Invariant: there is no WebAssembly.

export default function () {
  const memory = new WebAssembly.Memory({ initial: 4800 });
  return memory.buffer.byteLength;
}
