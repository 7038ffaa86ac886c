// What to use in the place of a Node built-in: one sentence for each that an agent is likely to ask for.

const FILES = "Grant a capability of kind fs (`use: fs`) and call it; an enclosure has no file system of its own.";
const NETWORK = "Use the global fetch, over a capability of kind http (`use: http`).";
const PROCESSES = "No process can be started from an enclosure; put what is needed into a host module (`use: module`).";
const OTHER = "There is no counterpart in an enclosure; put what needs it into a host module (`use: module`).";

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["fs", FILES],
  ["http", NETWORK],
  ["https", NETWORK],
  ["http2", NETWORK],
  ["net", NETWORK],
  ["tls", NETWORK],
  ["dns", NETWORK],
  ["dgram", NETWORK],
  ["child_process", PROCESSES],
  ["cluster", PROCESSES],
  ["worker_threads", PROCESSES],
  ["process", "process.env is there without an import: it holds what the manifest's `env` declares."],
  ["timers", "setTimeout and its kin are there without an import."],
  ["console", "console is there without an import."],
  ["url", "URL and URLSearchParams are there without an import."],
  ["crypto", "crypto.randomUUID and crypto.getRandomValues are there without an import."],
  ["buffer", "Use Uint8Array with its toBase64, fromBase64, toHex and fromHex, and TextEncoder."],
  ["util", "structuredClone, TextEncoder and TextDecoder are there without an import."],
  ["path", "Use a package that does it without Node, such as pathe."],
  ["events", "Install the package `events`, which does it without Node."],
]);

export function adviceFor(builtin: string): string {
  const name = builtin.replace(/^node:/, "").split("/", 1)[0] as string;
  return ADVICE.get(name) ?? OTHER;
}
