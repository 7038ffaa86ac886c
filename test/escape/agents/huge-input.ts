// An input of many megabytes: read whole, hashed, parsed and compiled in the host's own process.
// Invariant: one input, all inputs and the program are bounded.
import { text } from "./huge.ts";

export default () => text.length;
