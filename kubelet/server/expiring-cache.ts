import type { Clock } from "../../shared/process/clock.ts";

const ENTRIES_MAX = 1000;

interface Cached<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** Forgets the oldest entry beyond a limit. */
export class ExpiringCache<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Cached<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.untilMs > this.#clock.nowMs() ? entry.value : undefined;
  }

  set(key: string, value: T, lifeMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: this.#clock.nowMs() + lifeMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > ENTRIES_MAX && oldest.done !== true) this.#entries.delete(oldest.value);
  }
}
