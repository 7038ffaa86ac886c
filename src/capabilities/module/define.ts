// What a host module is written with: `export default defineModule(({ env, signal }) => [defineCapability({ … })])`.
// Both functions return what they are given; they are there for the types. A host module's import of "agent-enclosure"
// means these two, whatever version is installed (src/bundle/module.ts).

import type { Effect, JsonSchema } from "../../kinds/contract.ts";

/** A validator as zod, valibot, arktype and others offer it: Standard Schema, version 1 (standardschema.dev). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export interface RunContext {
  /** Aborted when the agent cancels the call, at a deadline and at the session's end. */
  readonly signal: AbortSignal;
}

/** One function that an agent can be granted. */
export interface CapabilityDefinition<Args, Result> {
  /** An identifier of at most 64 characters. */
  readonly name: string;
  /** What a call does to the world; drives what is asked for, and what a replay may serve from the record. */
  readonly effect: Effect;
  readonly description?: string;
  /** Of the one argument object. A JSON Schema is checked by the broker, a Standard Schema in the module's own thread. */
  readonly input?: StandardSchema<unknown, Args> | JsonSchema;
  /** Of the result. */
  readonly output?: StandardSchema<Result, unknown> | JsonSchema;
  /**
   * Performs one call. Arguments and result are plain data: JSON, Date, Uint8Array, bigint. What it throws is a failed call;
   * the agent is told that it failed, and the error itself stays on the host.
   */
  run(args: Args, context: RunContext): NoInfer<Result> | Promise<NoInfer<Result>>;
}

/** A capability whose types have been checked where it was defined. */
export type Capability = CapabilityDefinition<never, unknown>;

export interface ModuleContext {
  /** What the grant's `env` declares; `process.env` in the module is the same. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborted at the session's end. */
  readonly signal: AbortSignal;
}

/** Called once for each session, on a thread of its own: what it keeps is the session's alone. */
export type ModuleFactory = (context: ModuleContext) => readonly Capability[] | Promise<readonly Capability[]>;

export function defineModule(factory: ModuleFactory): ModuleFactory {
  return factory;
}

/** `args` has the type that the input schema gives, or that its annotation says. */
export function defineCapability<Args, Result>(capability: CapabilityDefinition<Args, Result>): Capability {
  // The types have done their work: callers of `run` go by the schemas.
  return capability as Capability;
}
