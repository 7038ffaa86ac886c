// A source nested a million deep: small, and every compiler that recurses runs out of stack. The compiler's process serves
// all that the host compiles, and takes that along.
// Invariant: a source that cannot be compiled is refused, and nobody else's; the host says so in its own words.
import nested from "./nested.json";

export default () => typeof nested;
