/**
 * Queue of keys for workers (client-go `workqueue`): deduplicating, delaying, rate limited.
 *
 * Invariants:
 * Q1 A key is handed to one worker at a time; added meanwhile, it comes again after `done`.
 * Q2 A key waits at most once in the queue, and at most once among the delayed ones, there with its earliest time.
 * Q3 After `shutDown` nothing is accepted; what waits is still handed out, then `get` gives nothing.
 */
import type { Clock, Timer } from "../process/clock.ts";

/** Hears what happens, for the `workqueue_*` metrics. All are optional. */
export interface WorkQueueObserver {
  onAdd?(depth: number): void;
  /** `waitMs` is the time from add to get. */
  onGet?(depth: number, waitMs: number): void;
  onDone?(workMs: number): void;
  onRetry?(): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly observer?: WorkQueueObserver | undefined;
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
}

export interface WorkQueue<Key> {
  readonly length: number;
  add(key: Key): void;
  addAfter(key: Key, delayMs: number): void;
  /** Adds after a delay that doubles with each call for the key until `forget`. */
  addRateLimited(key: Key): void;
  forget(key: Key): void;
  retriesOf(key: Key): number;
  /** Waits for a key; nothing after `shutDown`. Every key that was got must be given back by `done`. */
  get(): Promise<Key | undefined>;
  done(key: Key): void;
  shutDown(): void;
}

/** Delays of client-go's default controller rate limiter. */
const RETRY_MIN_MS = 5;
const RETRY_MAX_MS = 1_000_000;
/** Retries of all keys together: this many at once, then this many a second. */
const RETRIES_BURST = 100;
const RETRIES_PER_SECOND = 10;

class RateLimitedQueue<Key> implements WorkQueue<Key> {
  readonly #clock: Clock;
  readonly #observer: WorkQueueObserver;
  readonly #retryMinMs: number;
  readonly #retryMaxMs: number;
  /** Waiting keys, in order, with the time they were added. */
  readonly #waiting = new Map<Key, number>();
  /** Keys that workers hold, with the time they got them. */
  readonly #processing = new Map<Key, number>();
  /** Keys added while a worker held them. */
  readonly #dirty = new Map<Key, number>();
  readonly #delayed = new Map<Key, { atMs: number; timer: Timer }>();
  readonly #retries = new Map<Key, number>();
  readonly #idle: ((key: Key | undefined) => void)[] = [];
  #isShutDown = false;
  #retryTokens = RETRIES_BURST;
  #retryTokensAtMs: number;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#observer = options.observer ?? {};
    this.#retryMinMs = options.retryMinMs ?? RETRY_MIN_MS;
    this.#retryMaxMs = options.retryMaxMs ?? RETRY_MAX_MS;
    this.#retryTokensAtMs = options.clock.monotonicMs();
  }

  get length(): number {
    return this.#waiting.size;
  }

  add(key: Key): void {
    if (this.#isShutDown) return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#waiting.has(key) || this.#dirty.has(key)) return;
    if (this.#processing.has(key)) {
      this.#dirty.set(key, nowMs);
      this.#observer.onAdd?.(this.#waiting.size);
      return;
    }
    this.#enqueue(key, nowMs);
    this.#observer.onAdd?.(this.#waiting.size);
  }

  addAfter(key: Key, delayMs: number): void {
    if (this.#isShutDown) return;
    if (delayMs <= 0) return this.add(key);
    const atMs = this.#clock.monotonicMs() + delayMs;
    const present = this.#delayed.get(key);
    if (present !== undefined && present.atMs <= atMs) return;
    present?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  addRateLimited(key: Key): void {
    const retries = this.#retries.get(key) ?? 0;
    this.#retries.set(key, retries + 1);
    this.#observer.onRetry?.();
    const ownMs = Math.min(this.#retryMaxMs, this.#retryMinMs * 2 ** Math.min(retries, 40));
    this.addAfter(key, Math.max(ownMs, this.#overallDelayMs()));
  }

  forget(key: Key): void {
    this.#retries.delete(key);
  }

  retriesOf(key: Key): number {
    return this.#retries.get(key) ?? 0;
  }

  get(): Promise<Key | undefined> {
    const [next] = this.#waiting.keys();
    if (next !== undefined) return Promise.resolve(this.#handOut(next));
    if (this.#isShutDown) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  done(key: Key): void {
    const startedAtMs = this.#processing.get(key);
    if (startedAtMs === undefined) return;
    this.#processing.delete(key);
    this.#observer.onDone?.(this.#clock.monotonicMs() - startedAtMs);
    const addedAtMs = this.#dirty.get(key);
    if (addedAtMs === undefined) return;
    this.#dirty.delete(key);
    this.#enqueue(key, addedAtMs);
  }

  shutDown(): void {
    this.#isShutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#dirty.clear();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
  }

  #enqueue(key: Key, addedAtMs: number): void {
    this.#waiting.set(key, addedAtMs);
    const worker = this.#idle.shift();
    if (worker !== undefined) worker(this.#handOut(key));
  }

  #handOut(key: Key): Key {
    const nowMs = this.#clock.monotonicMs();
    const waitMs = nowMs - (this.#waiting.get(key) ?? nowMs);
    this.#waiting.delete(key);
    this.#processing.set(key, nowMs);
    this.#observer.onGet?.(this.#waiting.size, waitMs);
    return key;
  }

  /** The bucket that all keys share. */
  #overallDelayMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const refill = ((nowMs - this.#retryTokensAtMs) * RETRIES_PER_SECOND) / 1000;
    this.#retryTokens = Math.min(RETRIES_BURST, this.#retryTokens + refill) - 1;
    this.#retryTokensAtMs = nowMs;
    return this.#retryTokens >= 0 ? 0 : (-this.#retryTokens * 1000) / RETRIES_PER_SECOND;
  }
}

export function createWorkQueue<Key extends string | number>(options: WorkQueueOptions): WorkQueue<Key> {
  return new RateLimitedQueue<Key>(options);
}
