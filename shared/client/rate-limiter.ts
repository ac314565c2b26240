import type { Clock } from "../process/clock.ts";

export interface RateLimiter {
  /** Resolves when the caller may go on. */
  take(signal?: AbortSignal): Promise<void>;
}

/** Token bucket: `burst` at once, then `perSecond` (client-go `flowcontrol`). */
export function createRateLimiter(perSecond: number, burst: number, clock: Clock): RateLimiter {
  let tokens = burst;
  let refilledAtMs = clock.monotonicMs();
  return {
    async take(signal) {
      const nowMs = clock.monotonicMs();
      tokens = Math.min(burst, tokens + ((nowMs - refilledAtMs) * perSecond) / 1000);
      refilledAtMs = nowMs;
      tokens -= 1;
      if (tokens < 0) await clock.sleep((-tokens * 1000) / perSecond, signal);
    },
  };
}
