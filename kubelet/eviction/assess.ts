/**
 * From what the node measures to what it is short of: pure. Upstream: `eviction_manager.go` synchronize.
 *
 * 1. A threshold that was met stays met until its minimum reclaim is there, too.
 * 2. A soft threshold counts once it was met without a break for its grace period.
 * 3. A pressure stays until it was not seen for the transition period, so that it does not flap.
 */
import { amountOf, type PressureType, type Signal, SIGNALS, type Threshold } from "./thresholds.ts";

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

export interface EvictionState {
  /** Since when each threshold is met. */
  readonly metSinceMs: ReadonlyMap<Threshold, number>;
  readonly pressureSeenMs: ReadonlyMap<PressureType, number>;
}

export interface Assessment {
  readonly state: EvictionState;
  readonly pressures: ReadonlySet<PressureType>;
  /** Met for long enough, memory first: the first of them is what has to be done something about. */
  readonly due: readonly Threshold[];
}

export const CALM: EvictionState = { metSinceMs: new Map(), pressureSeenMs: new Map() };

/** `withReclaim`: whether more than the threshold itself must be free. */
export function isMet(threshold: Threshold, observations: Observations, withReclaim: boolean): boolean {
  const seen = observations.get(threshold.signal);
  if (seen === undefined) return false;
  const reclaim =
    withReclaim && threshold.minimumReclaim !== undefined ? amountOf(threshold.minimumReclaim, seen.capacity) : 0;
  return amountOf(threshold.value, seen.capacity) + reclaim > seen.available;
}

/** Memory before all else; what cannot be reclaimed at all last. */
function urgency({ signal }: Threshold): number {
  if (SIGNALS[signal].resource === "memory") return 0;
  return 1;
}

export function assess(
  thresholds: readonly Threshold[],
  observations: Observations,
  before: EvictionState,
  transitionMs: number,
  nowMs: number,
): Assessment {
  const met = thresholds.filter((threshold) => {
    const since = before.metSinceMs.get(threshold);
    const wasDue = since !== undefined && nowMs - since >= threshold.gracePeriodMs;
    return isMet(threshold, observations, wasDue);
  });
  const metSinceMs = new Map(met.map((threshold) => [threshold, before.metSinceMs.get(threshold) ?? nowMs]));
  const pressureSeenMs = new Map(before.pressureSeenMs);
  for (const { signal } of met) pressureSeenMs.set(SIGNALS[signal].condition, nowMs);
  for (const [type, seenMs] of pressureSeenMs)
    if (nowMs - seenMs >= transitionMs && seenMs !== nowMs) pressureSeenMs.delete(type);
  const due = met.filter((threshold) => nowMs - (metSinceMs.get(threshold) ?? nowMs) >= threshold.gracePeriodMs);
  return {
    state: { metSinceMs, pressureSeenMs },
    pressures: new Set(pressureSeenMs.keys()),
    due: due.toSorted((a, b) => urgency(a) - urgency(b)),
  };
}
