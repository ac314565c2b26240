/**
 * The numbers that all threads of one server read and write without asking each other.
 *
 * Z1  A thread writes only its own counters; the main thread sets those of one that ended to zero.
 * Z2  `published` is at least the revision of every change that the main thread has sent to the other threads, and is
 *     set after the sending.
 */
import type { InFlightCounts, RequestKind } from "../http/in-flight.ts";

const KINDS: readonly RequestKind[] = ["readOnly", "mutating"];
/** More cores than this serve nothing more: the store's thread is the limit long before. */
export const THREADS_MAX = 64;
/** Where the counters of each purpose begin: requests in flight by kind and thread, then messages by thread. */
const SENT = KINDS.length * THREADS_MAX;
const STOPPING = SENT + THREADS_MAX;

export interface SharedBuffers {
  readonly counters: SharedArrayBuffer;
  readonly published: SharedArrayBuffer;
}

/** One thread's view; `index` 0 is the main thread. */
export class SharedState implements InFlightCounts {
  readonly buffers: SharedBuffers;
  readonly #index: number;
  readonly #counters: Int32Array;
  readonly #published: BigInt64Array;

  constructor(index: number, buffers?: SharedBuffers) {
    this.buffers = buffers ?? {
      counters: new SharedArrayBuffer((STOPPING + 1) * Int32Array.BYTES_PER_ELEMENT),
      published: new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT),
    };
    this.#index = index;
    this.#counters = new Int32Array(this.buffers.counters);
    this.#published = new BigInt64Array(this.buffers.published);
  }

  get published(): number {
    return Number(Atomics.load(this.#published, 0));
  }

  publish(revision: number): void {
    Atomics.store(this.#published, 0, BigInt(revision));
  }

  /** Messages of changes that thread was sent so far; wraps around. */
  sentTo(index: number): number {
    return Atomics.load(this.#counters, SENT + index);
  }

  noteSent(index: number): void {
    Atomics.add(this.#counters, SENT + index, 1);
  }

  get isStopping(): boolean {
    return Atomics.load(this.#counters, STOPPING) === 1;
  }

  announceStop(): void {
    Atomics.store(this.#counters, STOPPING, 1);
  }

  add(kind: RequestKind, change: 1 | -1): void {
    Atomics.add(this.#counters, KINDS.indexOf(kind) * THREADS_MAX + this.#index, change);
  }

  total(kind: RequestKind): number {
    const from = KINDS.indexOf(kind) * THREADS_MAX;
    let sum = 0;
    for (let at = from; at < from + THREADS_MAX; at++) sum += Atomics.load(this.#counters, at);
    return sum;
  }

  /** Forgets what a thread counted that is no more. */
  clear(index: number): void {
    for (let at = index; at < STOPPING; at += THREADS_MAX) Atomics.store(this.#counters, at, 0);
  }
}
