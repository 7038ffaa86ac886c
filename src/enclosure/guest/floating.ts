// Calls that failed and nobody asked: one error line at the turn's end, so that a denial that went uncaught stands on the
// record. V8's own report of unhandled rejections forgets promises that were collected, so it differs from run to run;
// this is exact instead, for the promises that capability functions return: whoever awaits or chains a promise reads
// its `constructor` (ECMA-262, PromiseResolve and SpeciesConstructor).

import type { Bridge } from "./bridge.ts";
import { describeError } from "./errors.ts";
import { create, freeze, NativePromise, put, setPrototypeOf, uncurry } from "./intrinsics.ts";

const then = uncurry(Promise.prototype.then);
const addTo = uncurry(WeakSet.prototype.add<object>);
const isIn = uncurry(WeakSet.prototype.has<object>);

export class Floating {
  readonly #bridge: Bridge;
  readonly #asked = new WeakSet<object>();
  readonly #prototype: object;
  #rejected: { readonly promise: object; readonly error: unknown }[] = [];

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    const asked = this.#asked;
    this.#prototype = freeze(
      create(NativePromise.prototype, {
        constructor: {
          get(this: object): PromiseConstructor {
            addTo(asked, this);
            return NativePromise;
          },
        },
      }) as object,
    );
  }

  /** The promise itself, from now on known when it rejects. */
  watch(promise: Promise<unknown>): Promise<unknown> {
    void then(promise, undefined, (error: unknown) => put(this.#rejected, this.#rejected.length, { promise, error }));
    return setPrototypeOf(promise, this.#prototype) as Promise<unknown>;
  }

  /** One line a turn, of the first: a loop of refused calls shall not fill the log. */
  closeTurn(): void {
    const rejected = this.#rejected;
    this.#rejected = [];
    let text = "";
    let more = 0;
    for (let i = 0; i < rejected.length; i++) {
      const { promise, error } = rejected[i] as (typeof rejected)[number];
      if (isIn(this.#asked, promise)) continue;
      if (text !== "") more++;
      else {
        const { name, message } = describeError(error);
        text = `unhandled rejection: ${name}: ${message}`;
      }
    }
    if (text !== "") this.#bridge.log("error", more === 0 ? text : `${text} (and ${more} more)`);
  }
}
