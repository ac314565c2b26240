/** Ages as `kubectl get` shows them (`apimachinery/pkg/util/duration`). */
import { unixOf } from "../schema/time.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** `85s`, `3m20s`, `5h`, `4d7h`, `2y30d`: at most two units, and fewer the longer it is. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return pair(seconds, MINUTE, "m", 1, "s");
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return pair(seconds, HOUR, "h", MINUTE, "m");
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return pair(seconds, DAY, "d", HOUR, "h");
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * YEAR) return pair(seconds, YEAR, "y", DAY, "d");
  return `${Math.floor(seconds / YEAR)}y`;
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${Math.floor(seconds / large)}${largeUnit}`;
  const rest = Math.floor((seconds % large) / small);
  return rest === 0 ? head : `${head}${rest}${smallUnit}`;
}

/** How long ago a timestamp of the API was; `<unknown>` when there is none. */
export function ageOf(timestamp: string | undefined, nowMs: number): string {
  const moment = timestamp === undefined ? undefined : unixOf(timestamp);
  return moment === undefined ? "<unknown>" : humanDuration(nowMs - moment.seconds * 1000);
}
