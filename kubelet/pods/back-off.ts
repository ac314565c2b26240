/**
 * Exponential back-off by key (client-go `util/flowcontrol/backoff.go`): 10 s, doubled up to 300 s, forgotten when
 * nothing failed for a while. Pure: the state is a value that the owner keeps.
 */
export const BACK_OFF_INITIAL_MS = 10_000;
export const BACK_OFF_MAX_MS = 300_000;
/** A container that ran this long without a failure starts again from the initial delay. */
export const BACK_OFF_RESET_MS = 600_000;

export interface BackOff {
  readonly delayMs: number;
  /** When the delay was last raised. */
  readonly updatedAtMs: number;
}

function hasExpired(backOff: BackOff, eventAtMs: number): boolean {
  return eventAtMs - backOff.updatedAtMs > BACK_OFF_RESET_MS;
}

/** Milliseconds that are still to wait after a failure at `eventAtMs`; 0 when the next try may start now. */
export function remainingBackOff(backOff: BackOff | undefined, eventAtMs: number, nowMs: number): number {
  if (backOff === undefined || hasExpired(backOff, eventAtMs)) return 0;
  return Math.max(0, eventAtMs + backOff.delayMs - nowMs);
}

/** State after one more try for a failure at `eventAtMs`. */
export function nextBackOff(backOff: BackOff | undefined, eventAtMs: number, nowMs: number): BackOff {
  if (backOff === undefined || hasExpired(backOff, eventAtMs))
    return { delayMs: BACK_OFF_INITIAL_MS, updatedAtMs: nowMs };
  return { delayMs: Math.min(backOff.delayMs * 2, BACK_OFF_MAX_MS), updatedAtMs: nowMs };
}

/** A delay as Go prints it: `10s`, `2m40s`, `5m0s`. */
export function goDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
