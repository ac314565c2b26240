import type { RequestState } from "./request-state.ts";

/**
 * The requests that are being answered: for the limits, the gauge and an orderly stop.
 *
 * I1  A request is in exactly one of the three sets from its first filter to its end.
 */
export class InFlight {
  readonly longRunning = new Set<RequestState>();
  readonly readOnly = new Set<RequestState>();
  readonly mutating = new Set<RequestState>();
  #idleWaiters: (() => void)[] = [];

  finish(state: RequestState): void {
    this.longRunning.delete(state);
    this.readOnly.delete(state);
    this.mutating.delete(state);
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
