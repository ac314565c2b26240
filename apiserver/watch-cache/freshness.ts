/**
 * How new the cache is, and waiting until it is new enough (KEP-2340): a consistent read asks the store for its
 * present revision and waits until the cache has it.
 *
 * F1  `latest()` covers every write that was acknowledged before the call: calls share one question to the store only
 *     when it has not been asked yet. A store that tells its watches before it answers a writer need not be asked.
 */
import { StatusError } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Storage, StorageWatch } from "../storage/storage.ts";

/** Upstream's `blockTimeout` of the watch cache. */
const WAIT_MS_MAX = 3000;
/** The event is normally here sooner; only writes elsewhere in the store make progress reports necessary. */
const PROGRESS_FIRST_MS = 20;
const PROGRESS_AGAIN_MS = 100;

interface Waiter {
  readonly revision: number;
  readonly finish: () => void;
}

export class Freshness {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #revision = 0;
  #watch: StorageWatch | undefined;
  #isAsking = false;
  #asked: Promise<number> | undefined;
  #nextAsk: Promise<number> | undefined;

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Everything up to here is in the cache. */
  get revision(): number {
    return this.#revision;
  }

  /** The watch that can be asked for progress. */
  attach(watch: StorageWatch | undefined): void {
    this.#watch = watch;
  }

  advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision <= revision) waiter.finish();
    }
  }

  /** Waits until the cache shows everything that was written before this call. */
  async latest(): Promise<number> {
    if (this.#storage.tellsWatchesFirst === true && this.#watch !== undefined) return this.#revision;
    await this.waitFor(await this.#currentRevision());
    return this.#revision;
  }

  /** Waits until the cache has `revision`; 504 when that does not come, 429 while nothing is loaded at all. */
  async waitFor(revision: number): Promise<void> {
    if (this.#revision === 0) throw initializing();
    if (revision <= this.#revision) return;
    const isReached = await new Promise<boolean>((resolve) => {
      const timer = this.#clock.after(WAIT_MS_MAX, () => {
        this.#waiters.delete(waiter);
        resolve(false);
      });
      const waiter: Waiter = {
        revision,
        finish: () => {
          timer.cancel();
          this.#waiters.delete(waiter);
          resolve(true);
        },
      };
      this.#waiters.add(waiter);
      this.#askForProgress(PROGRESS_FIRST_MS);
    });
    if (!isReached) throw tooLarge(revision, this.#revision);
  }

  #askForProgress(delayMs: number): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#clock.after(delayMs, () => {
      this.#isAsking = false;
      if (this.#waiters.size === 0) return;
      this.#watch?.requestProgress();
      this.#askForProgress(PROGRESS_AGAIN_MS);
    });
  }

  #currentRevision(): Promise<number> {
    if (this.#asked === undefined) {
      this.#asked = this.#storage.currentRevision().finally(() => {
        this.#asked = undefined;
      });
      return this.#asked;
    }
    if (this.#nextAsk === undefined) {
      const startNext = (): Promise<number> => {
        this.#nextAsk = undefined;
        return this.#currentRevision();
      };
      this.#nextAsk = this.#asked.then(startNext, startNext);
    }
    return this.#nextAsk;
  }
}

/** Upstream: the cacher before its first list. */
function initializing(): StatusError {
  return new StatusError("TooManyRequests", "storage is (re)initializing", { retryAfterSeconds: 1 });
}

/** Upstream: NewTooLargeResourceVersionError of `apiserver/pkg/storage/errors.go`. */
export function tooLarge(revision: number, current: number): StatusError {
  const message = `Too large resource version: ${revision}, current: ${current}`;
  return new StatusError("Timeout", message, {
    retryAfterSeconds: 1,
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
  });
}

/** Upstream: `watch_cache.go`, a watch from a revision whose events are gone. */
export function tooOld(revision: number, oldest: number): StatusError {
  return new StatusError("Expired", `too old resource version: ${revision} (${oldest})`);
}
