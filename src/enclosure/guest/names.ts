// Names that the guest's prelude and the child that loads it must agree on.

/** The agent's script in stacks: `agent.js:line:column`. */
export const SCRIPT_NAME = "agent.js";
/** The prelude in stacks. */
export const PRELUDE_NAME = "enclosure:prelude";
/** The global that holds `post` when the prelude starts and `deliver` when it has run; the child deletes it then. */
export const HOOK_NAME = "__enclosure";
/** What `post` answers to a call that the child did not take. */
export const POST_WINDOW_FULL = 0;
export const POST_TOO_LARGE = -1;
