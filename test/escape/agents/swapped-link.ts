// A file that is looked at and then read can be another one by then: between the two it is replaced by a link that leads
// out of the project. The swap is made by the harness, at the worst moment: just before the file is opened.
// Invariant: what was judged is what is read.
import secret from "./racing.json";

export default () => (secret.harmless ? undefined : secret);
