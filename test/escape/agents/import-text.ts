// Compilers import what is no program as well: texts, environments, keys.
// Invariant: only sources and JSON are imported.
import secret from "./beside.txt";

export default () => secret;
