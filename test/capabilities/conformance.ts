// What every provider must hold to, run over each of them by its own test.
import { describe, expect, expectTypeOf, it } from "vitest";
import { CODES } from "../../src/base/errors.ts";
import { encodeValue } from "../../src/base/codec.ts";
import type { AdmittedCall, Performed, Provider } from "../../src/broker/contract.ts";

/** A provider in its world, with calls that try it. */
export interface Subject {
  readonly provider: Provider;
  /** Succeeds at once. */
  readonly good: AdmittedCall;
  /** Fails on the host's side. */
  readonly failing: AdmittedCall;
  /** Its result is larger than {@link RESULT_BYTES_MAX}. */
  readonly huge: AdmittedCall;
  /** Its result, or its error, would hold the secret's value. */
  readonly echoing: AdmittedCall;
  /** Does not end by itself; `begun` settles when the other side has it. Absent where the kind has no such call. */
  readonly endless?: { readonly call: AdmittedCall; readonly begun: Promise<unknown> };
  /** Texts that must never be seen: the secret's value, paths of the host. */
  readonly unspeakable: readonly string[];
  /** How much the other side has been asked to do. */
  readonly performed: () => number;
  /** What is running or held open for the provider now. */
  readonly held: () => number | Promise<number>;
}

export const RESULT_BYTES_MAX = 64 * 1024;

/** All that an answer says to a guest, or leaves in the record. */
function said(performed: Performed): string {
  const text = JSON.stringify(encodeValue(performed));
  const decoded = text.replace(/"\$type":"bytes","value":"([^"]*)"/g, (_all, value: string) =>
    Buffer.from(value, "base64").toString(),
  );
  return text + decoded;
}

function toGuest(performed: Performed): string {
  return performed.kind === "failed" || performed.kind === "unknown" ? performed.message : said(performed);
}

export function providerConformance(kind: string, start: () => Subject | Promise<Subject>): void {
  const context = (signal = new AbortController().signal) => ({ signal, resultBytesMax: RESULT_BYTES_MAX });
  const withSubject = (test: (subject: Subject) => Promise<void>) => async (): Promise<void> => {
    const subject = await start();
    try {
      await test(subject);
    } finally {
      await subject.provider.close();
    }
  };

  describe(`the ${kind} provider, as any provider`, () => {
    it(
      "takes admitted calls and nothing else, and does nothing without one",
      withSubject(async ({ provider, good, performed }) => {
        expectTypeOf<Parameters<Provider["perform"]>[0]>().toEqualTypeOf<AdmittedCall>();
        expectTypeOf<Omit<AdmittedCall, symbol>>().not.toExtend<AdmittedCall>();
        expect(performed()).toBe(0);
        expect(await provider.perform(good, context())).toMatchObject({ kind: "value" });
        expect(performed()).toBe(1);
      }),
    );

    it(
      "ends a call when it is told to",
      withSubject(async ({ provider, endless }) => {
        if (endless === undefined) return;
        const abort = new AbortController();
        const running = provider.perform(endless.call, context(abort.signal));
        await endless.begun;
        abort.abort();
        const ended = await running;
        expect(["failed", "unknown"]).toContain(ended.kind);
        expect(ended).toMatchObject({ code: "CALL_CANCELLED" });
      }),
    );

    it(
      "does nothing for a call that was given up before it began",
      withSubject(async ({ provider, good, performed }) => {
        expect(await provider.perform(good, context(AbortSignal.abort()))).toMatchObject({
          kind: "failed",
          code: "CALL_CANCELLED",
        });
        expect(performed()).toBe(0);
      }),
    );

    it(
      "stops at the result's bound while it streams",
      withSubject(async ({ provider, huge }) => {
        const ended = await provider.perform(huge, context());
        expect(ended).toMatchObject({ code: "RESULT_TOO_LARGE" });
        expect(said(ended).length).toBeLessThan(RESULT_BYTES_MAX);
      }),
    );

    it(
      "fails with a code of the table and a message that says nothing of the host",
      withSubject(async ({ provider, failing, unspeakable }) => {
        const ended = await provider.perform(failing, context());
        if (ended.kind !== "failed" && ended.kind !== "unknown") throw new Error("expected a failure");
        expect(Object.keys(CODES)).toContain(ended.code);
        for (const text of unspeakable) expect(toGuest(ended)).not.toContain(text);
        expect(ended.message).not.toMatch(/ENOENT|ECONN|Error|node:|undici|\/proc\//);
      }),
    );

    it(
      "lets no secret into a result or an error",
      withSubject(async ({ provider, echoing, unspeakable }) => {
        const ended = await provider.perform(echoing, context());
        for (const text of unspeakable) expect(said(ended)).not.toContain(text);
      }),
    );

    it(
      "closes once and for all: what runs ends, nothing is held, nothing is done any more",
      withSubject(async ({ provider, endless, good, held, performed }) => {
        const running = endless === undefined ? undefined : provider.perform(endless.call, context());
        await endless?.begun;
        await Promise.all([provider.close(), provider.close()]);
        await running;
        await provider.close();
        await expect.poll(held).toBe(0);
        const before = performed();
        expect((await provider.perform(good, context())).kind).toBe("failed");
        expect(performed()).toBe(before);
      }),
    );
  });
}
