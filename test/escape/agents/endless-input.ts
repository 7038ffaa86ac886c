// An input that never ends.
// Invariant: only regular files of the project are read, and no further than they were when they were opened.
import { text } from "./endless.ts";

export default () => text;
