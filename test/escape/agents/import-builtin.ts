// An import of Node's own modules.
// Invariant: there is none of them, and the refusal says which capability to use.
import { readFileSync } from "node:fs";

export default () => readFileSync("/CANARY_FOLDER/canary.txt", "utf8");
