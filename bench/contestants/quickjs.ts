// The agent in QuickJS, an interpreter in WebAssembly within the host's process: limits of memory, of stack and of time;
// host functions are injected, and values are copied.

import { getQuickJS, type QuickJSHandle, shouldInterruptAfterDeadline } from "quickjs-emscripten";
import { code, granted, GUEST, perform, print, say, sayThrown, sleep, whenOver } from "./host.ts";
import { LIMITS } from "./limits.ts";

const STACK_BYTES = 320 * 1024;

const runtime = (await getQuickJS()).newRuntime();
runtime.setMemoryLimit(LIMITS.memoryMiB * 1024 * 1024);
runtime.setMaxStackSize(STACK_BYTES);
runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + LIMITS.ms));
const vm = runtime.newContext();
/** Taken before the agent can replace it. */
const parse = vm.getProp(vm.getProp(vm.global, "JSON"), "parse");

function enter(value: unknown): QuickJSHandle {
  if (value === undefined) return vm.undefined;
  return vm.unwrapResult(vm.callFunction(parse, vm.undefined, vm.newString(JSON.stringify(value))));
}

/** Runs what has become ready. What stops it is a limit: an error of the agent's settles a promise. */
function pump(): void {
  const done = runtime.executePendingJobs();
  if (done.error !== undefined) sayThrown(vm.dump(done.error), /./);
}

function promised(run: (...args: unknown[]) => Promise<unknown>): (...handles: QuickJSHandle[]) => QuickJSHandle {
  return (...handles) => {
    const promise = vm.newPromise();
    run(...handles.map((handle) => vm.dump(handle) as unknown))
      .then((value) => promise.resolve(enter(value)))
      .catch(({ name, message }: Error) => promise.reject(vm.newError({ name, message })));
    void promise.settled.then(pump);
    return promise.handle;
  };
}

const call = vm.newFunction("call", promised(perform));
const sleeping = vm.newFunction("sleep", promised(sleep));
const printing = vm.newFunction("print", (line) => print(vm.dump(line)));
const guest = vm.unwrapResult(vm.evalCode(`(${GUEST})`));
vm.unwrapResult(vm.callFunction(guest, vm.undefined, enter([...granted.keys()]), call, printing, sleeping));
whenOver(() => say({ status: "limit" }));
try {
  const started = vm.unwrapResult(vm.evalCode(code));
  const settled = vm.resolvePromise(started);
  pump();
  say({ status: "completed", output: vm.dump(vm.unwrapResult(await settled)) });
} catch (error) {
  sayThrown(error, /^interrupted$|^out of memory$/);
}
