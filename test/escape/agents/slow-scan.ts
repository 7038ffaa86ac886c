// A source that takes long to look through: thousands of words that each could begin an import.
// Invariant: the time of every scan of a source grows with its length and no faster.
import desk from "./slow.ts";

export default () => (typeof desk === "object" ? undefined : "no desk");
