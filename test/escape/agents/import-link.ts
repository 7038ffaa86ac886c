// A symbolic link in the project leads to a file outside of it.
// Invariant: a path is judged by where it really leads.
import secret from "./linked.json";

export default () => secret;
