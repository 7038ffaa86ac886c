// A source that says where its source map lies makes the compiler read that file; one whose map names sources without
// their text makes it read those. What it reads stands in the program's own map, which is kept with the record.
// Invariant: the compiler reads no map of the agent's, and nothing that one names.
import { value } from "./mapped.js";

export default () => (value === 1 ? undefined : value);
