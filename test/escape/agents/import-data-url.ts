// A data: URL is a program within an import: it stands in no input, and so in no digest and before no reviewer as a file.
// Invariant: everything that is compiled is an input with a digest.
import hidden from "data:text/javascript,export default 'a program that is no file'";

export default () => hidden;
