/** When a certificate has to be replaced: pure. Upstream: `client-go/util/certificate/certificate_manager.go`. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

const EARLIEST_PART = 0.7;
const SPREAD_PART = 0.2;

/** Somewhere between 70 and 90 % of its life, so that not all nodes ask at once. `random` is in [0, 1). */
export function rotationMs({ fromMs, untilMs }: Validity, random: number): number {
  return fromMs + Math.floor((untilMs - fromMs) * (EARLIEST_PART + SPREAD_PART * random));
}

export function isExpired({ untilMs }: Validity, nowMs: number): boolean {
  return nowMs >= untilMs;
}
