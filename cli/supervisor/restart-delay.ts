/** How long to wait before a process is started again: the first time almost nothing, then twice as long each time. */

const FIRST_DELAY_MS = 100;
const DELAY_MAX_MS = 10_000;
/** A process that ran this long counts as healthy: its next end starts from the first delay again. */
const RESET_UPTIME_MS = 20_000;

export function nextRestartDelayMs(previousDelayMs: number | undefined, uptimeMs: number): number {
  if (previousDelayMs === undefined || uptimeMs >= RESET_UPTIME_MS) return FIRST_DELAY_MS;
  return Math.min(previousDelayMs * 2, DELAY_MAX_MS);
}
