// The least that a session needs of a prelude: runs the agent, which has nothing to call, and posts its output, or its
// error's text. Removes nothing and puts nothing: what the language is, it is in a guest that starts with this.
// @ts-check
(() => {
  const hook = "__enclosure";
  const post = Reflect.get(globalThis, hook);
  const run = async (/** @type {(host: object) => Promise<unknown>} */ main) => {
    let ok = true;
    let said;
    try {
      said = await main({});
    } catch (error) {
      ok = false;
      said = { name: "Error", message: String(error) };
    }
    post(`${JSON.stringify({ type: "done", ok })}\n${JSON.stringify(said)}`);
  };
  Reflect.set(
    globalThis,
    hook,
    (/** @type {string} */ _, /** @type {Parameters<typeof run>[0] | undefined} */ main) => {
      if (main !== undefined) void run(main);
    },
  );
})();
