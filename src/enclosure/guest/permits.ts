// The table of permits: every name on the guest's global. What is not here is removed before the agent runs, and a test
// walks a real guest and compares. Left out on purpose: WebAssembly (memory nobody counts), SharedArrayBuffer and Atomics
// (clocks, threads), WeakRef and FinalizationRegistry (they show when garbage is collected, which no replay repeats).

/** The language's own (ECMA-262, ECMA-402). */
export const LANGUAGE_GLOBALS: readonly string[] = (
  "globalThis Infinity NaN undefined eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI " +
  "encodeURIComponent escape unescape AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array " +
  "BigUint64Array Boolean DataView Date DisposableStack Error EvalError Float16Array Float32Array Float64Array Function " +
  "Int8Array Int16Array Int32Array Iterator Map Number Object Promise Proxy RangeError ReferenceError RegExp Set String " +
  "SuppressedError Symbol SyntaxError TypeError Uint8Array Uint8ClampedArray Uint16Array Uint32Array URIError WeakMap " +
  "WeakSet Intl JSON Math Reflect Temporal"
).split(" ");

/** The web's, made by the prelude. */
export const WEB_GLOBALS: readonly string[] = (
  "AbortController AbortSignal CustomEvent DOMException Event EventTarget Headers Request Response TextDecoder " +
  "TextEncoder URL URLSearchParams atob btoa clearInterval clearTimeout console crypto fetch performance process " +
  "queueMicrotask setInterval setTimeout structuredClone"
).split(" ");

export const PERMITTED_GLOBALS: readonly string[] = [...LANGUAGE_GLOBALS, ...WEB_GLOBALS];
