import { expect, test } from "vitest";
import { play } from "./session.ts";

test("an agent gets its input, calls, notes, logs and gives its output", async () => {
  const { output } = await play(
    `
    console.log("hello %s", input.name, { a: [1, 2n] });
    note("because");
    const got = await capabilities.desk.get({ id: 7, when: new Date(0), raw: new Uint8Array([1, 2]) });
    const put = await capabilities.desk.put("k", 5);
    return { got, put };
  `,
    { input: { name: "Ann" } },
  );
  expect(output).toEqual({
    got: { id: 7, when: new Date(0), raw: new Uint8Array([1, 2]) },
    put: { key: "k", value: 5 },
  });
});
