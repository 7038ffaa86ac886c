// The provider of the kind fs: performs what the broker admitted, inside the jails of its mounts. Reads run side by
// side, changes one after another.

import { assert } from "../../base/assert.ts";
import type { Random } from "../../base/powers.ts";
import type { Secrets } from "../../base/secrets.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "../../broker/contract.ts";
import { type FsCall, type Place, readFsCall } from "../../kinds/fs/call.ts";
import type { FsConfig } from "../../kinds/fs/kind.ts";
import type { PathPattern } from "../../kinds/path-pattern.ts";
import { redacting } from "../redacting.ts";
import { append } from "./appending.ts";
import { type Change, type Ground, move, remove, write } from "./changing.ts";
import { toFailure } from "./failure.ts";
import { Jail } from "./jail.ts";
import { Quota } from "./quota.ts";
import { glob, list, readBytes, readText, stat, stopIfAborted } from "./reading.ts";

export interface FsProviderOptions {
  /** The config of the compiled grant, its mounts' paths made absolute and checked against the host's own files. */
  readonly config: FsConfig;
  readonly secrets: Secrets;
  readonly random: Random;
}

/** The provider of one fs grant in one session. @throws EnclosureError FS_MOUNT_INVALID, FS_UNSUPPORTED */
export function makeFsProvider(options: FsProviderOptions): Provider {
  return redacting(new FsProvider(options), options.secrets);
}

interface Mounted {
  readonly jail: Jail;
  readonly quota: Quota;
}

class FsProvider implements Provider {
  readonly #mounts = new Map<string, Mounted>();
  readonly #random: Random;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #changes: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ config, random }: FsProviderOptions) {
    this.#random = random;
    try {
      for (const [mount, { path, quotaBytes }] of Object.entries(config.mounts)) {
        const jail = new Jail(mount, path, config.ruled.length > 0);
        this.#mounts.set(mount, { jail, quota: new Quota(jail, quotaBytes) });
      }
    } catch (error) {
      for (const { jail } of this.#mounts.values()) jail.close();
      throw error;
    }
  }

  async perform(call: AdmittedCall, context: PerformContext): Promise<Performed> {
    const signal = AbortSignal.any([context.signal, this.#closing.signal]);
    const running = this.#perform(call, context.resultBytesMax, signal);
    this.#running.add(running);
    try {
      return { kind: "value", value: await running };
    } catch (error) {
      const { code, message, unknown, cause } = toFailure(error);
      const detail = cause instanceof Error ? { detail: cause.message } : {};
      return { kind: unknown ? "unknown" : "failed", code, message, ...detail };
    } finally {
      this.#running.delete(running);
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    for (const { jail } of this.#mounts.values()) jail.close();
  }

  async #perform(admitted: AdmittedCall, bytesMax: number, signal: AbortSignal): Promise<unknown> {
    stopIfAborted(signal);
    const call = readFsCall(admitted.fn.name, admitted.args.value, this.#mounts.keys());
    if (call.places[0].changes) return this.#inTurn(() => this.#change(call, signal));
    const [place] = call.places;
    const { segments } = place;
    const { jail } = this.#mounted(place);
    switch (call.fn) {
      case "readText":
        return readText(jail, segments, bytesMax, signal);
      case "readBytes":
        return readBytes(jail, segments, bytesMax, signal);
      case "list":
        return list(jail, segments);
      case "stat":
        return stat(jail, segments);
      default:
        return glob(jail, place.pattern as PathPattern, place.mount as string, folderOf(place), signal);
    }
  }

  #change(call: FsCall, signal: AbortSignal): Promise<Change> {
    stopIfAborted(signal);
    const [place, target] = call.places;
    const ground = (one: Place): Ground => ({ ...this.#mounted(one), random: this.#random, signal });
    const data = call.data ?? new Uint8Array();
    switch (call.fn) {
      case "write":
        return write(ground(place), place.segments, data);
      case "append":
        return append(ground(place), place.segments, data);
      case "remove":
        return remove(ground(place), place.segments);
      default: {
        const to = target as Place;
        return move({ ground: ground(place), segments: place.segments }, { ground: ground(to), segments: to.segments });
      }
    }
  }

  /** After the changes before it, whatever became of them. */
  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(change, change);
    this.#changes = turn.catch(() => {});
    return turn;
  }

  #mounted(place: Place): Mounted {
    const mounted = this.#mounts.get(place.mount ?? "");
    assert(mounted !== undefined, "an admitted call lies in a mount");
    return mounted;
  }
}

/** Of a glob without a star, the folder of the one file that it can find. */
function folderOf({ segments, whole, mount }: Place): readonly string[] {
  const below = whole.length - ((mount as string).split("/").length - 1);
  return segments.slice(0, Math.max(0, Math.min(segments.length, below - 1)));
}
