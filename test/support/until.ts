import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;

/** Repeats `check` until it neither throws nor gives false; its last failure is thrown when the time is over. */
export async function until(check: () => unknown, timeoutMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(POLL_MS)) {
    try {
      if ((await check()) !== false) return;
      if (Date.now() > deadline) throw new Error(`still false after ${timeoutMs} ms`);
    } catch (err) {
      if (Date.now() > deadline) throw err;
    }
  }
}
