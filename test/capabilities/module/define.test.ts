import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Capability,
  defineCapability,
  defineModule,
  type StandardSchema,
} from "../../../src/capabilities/module/define.ts";

/** A schema as a library types it: a text comes in, a number comes out. */
const length: StandardSchema<string, number> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: String(value).length }) },
};

describe("defineCapability()", () => {
  it("types the argument by a Standard Schema's output", () => {
    const capability = defineCapability({
      name: "twice",
      effect: "read",
      input: length,
      output: length,
      run: (args, { signal }) => {
        expectTypeOf(args).toEqualTypeOf<number>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return String(args * 2);
      },
    });
    expectTypeOf(capability).toEqualTypeOf<Capability>();
    expect(capability.name).toBe("twice");
  });

  it("types the argument by its annotation beside a JSON Schema, and as unknown without one", () => {
    const annotated = defineCapability({
      name: "get",
      effect: "read",
      input: { type: "object", properties: { id: { type: "string" } } },
      run: async ({ id }: { id: string }) => id.length,
    });
    const plain = defineCapability({ name: "any", effect: "write", run: (args) => expectTypeOf(args).toBeUnknown() });
    expect(defineModule(({ env }) => (env["X"] === undefined ? [annotated, plain] : []))).toBeTypeOf("function");
  });

  it("does not take an unknown effect, nor a result that the output's schema does not take", () => {
    // @ts-expect-error the effect is no effect
    defineCapability({ name: "a", effect: "reads", run: () => 1 });
    // @ts-expect-error the output takes a text
    defineCapability({ name: "a", effect: "read", output: length, run: () => ({}) });
    expect.assertions(0);
  });
});
