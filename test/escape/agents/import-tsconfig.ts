// A tsconfig.json with `paths` gives a name to any file of the machine, and with `extends` reads any.
// Invariant: what an import means is read from no configuration of the agent's.
import secret from "secret";

export default () => secret;
