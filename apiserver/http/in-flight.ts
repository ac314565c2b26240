import type { RequestState } from "./request-state.ts";

/** The two kinds that are limited. */
export type RequestKind = "readOnly" | "mutating";

/** How many there are of a kind, in all threads that serve. */
export interface InFlightCounts {
  add(kind: RequestKind, change: 1 | -1): void;
  total(kind: RequestKind): number;
}

function ownCounts(): InFlightCounts {
  const counts = { readOnly: 0, mutating: 0 };
  return {
    add: (kind, change) => void (counts[kind] += change),
    total: (kind) => counts[kind],
  };
}

/**
 * The requests that are being answered: for the limits, the gauge and an orderly stop.
 *
 * I1  A request is in exactly one of the three sets from its first filter to its end.
 */
export class InFlight {
  readonly longRunning = new Set<RequestState>();
  readonly readOnly = new Set<RequestState>();
  readonly mutating = new Set<RequestState>();
  readonly #counts: InFlightCounts;
  #idleWaiters: (() => void)[] = [];

  /** `counts` are shared with other threads; the sets hold only what this one answers. */
  constructor(counts: InFlightCounts = ownCounts()) {
    this.#counts = counts;
  }

  begin(state: RequestState, kind: RequestKind | "longRunning"): void {
    this[kind].add(state);
    if (kind !== "longRunning") this.#counts.add(kind, 1);
  }

  /** How many requests of that kind all threads are answering. */
  total(kind: RequestKind): number {
    return this.#counts.total(kind);
  }

  finish(state: RequestState): void {
    this.longRunning.delete(state);
    if (this.readOnly.delete(state)) this.#counts.add("readOnly", -1);
    if (this.mutating.delete(state)) this.#counts.add("mutating", -1);
    if (!this.isIdle()) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  isIdle(): boolean {
    return this.longRunning.size === 0 && this.readOnly.size === 0 && this.mutating.size === 0;
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }
}
