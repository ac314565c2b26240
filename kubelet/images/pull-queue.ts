/**
 * How many pulls run at the same time: one after the other, at most so many, or all at once; and how many may start
 * per second. Upstream: `pkg/kubelet/images/puller.go`, `helpers.go`.
 *
 * Q1. Pulls start in the order in which they were asked for.
 * Q2. Who gives up while waiting is never started.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import { RuntimeCallError } from "../runtime/runtime-error.ts";

export interface PullLimits {
  /** 0: no limit. */
  readonly parallelMax: number;
  /** Pulls per second on average; 0: no limit. */
  readonly qps: number;
  readonly burst: number;
}

/** What the configuration says. */
export function pullLimits(
  configuration: Pick<
    KubeletConfiguration,
    "serializeImagePulls" | "maxParallelImagePulls" | "registryPullQPS" | "registryBurst"
  >,
): PullLimits {
  return {
    parallelMax: configuration.serializeImagePulls ? 1 : configuration.maxParallelImagePulls,
    qps: configuration.registryPullQPS,
    burst: configuration.registryBurst,
  };
}

interface Waiter {
  start(): void;
}

export class PullQueue {
  readonly #limits: PullLimits;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #running = 0;
  #tokens: number;
  #filledAtMs: number;

  constructor(limits: PullLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Rejects as cancelled when `signal` aborts before its turn, and with `pull QPS exceeded` when there are too many. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      if (!this.#takeToken()) throw new Error("pull QPS exceeded");
      return await work();
    } finally {
      this.#running--;
      const [next] = this.#waiters;
      next?.start();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { parallelMax } = this.#limits;
    if (signal.aborted) return Promise.reject(cancelled());
    if (parallelMax === 0 || this.#running < parallelMax) {
      this.#running++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", giveUp);
      };
      const giveUp = (): void => {
        leave();
        reject(cancelled());
      };
      const waiter: Waiter = {
        start: () => {
          leave();
          this.#running++;
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  #takeToken(): boolean {
    const { qps, burst } = this.#limits;
    if (qps <= 0) return true;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) * qps) / 1000);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function cancelled(): RuntimeCallError {
  return new RuntimeCallError("cancelled", "the pull was cancelled while it waited");
}
