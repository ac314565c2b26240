import type { Clock } from "../process/clock.ts";

/** A signal that aborts with its parent, when its time is over, or when it is told to. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Aborts now. */
  expire(): void;
  /** Forgets the timer and the parent; aborts what still runs. */
  end(): void;
}

export function deadline(clock: Clock, delayMs: number, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  const expire = (): void => controller.abort(parent.aborted ? parent.reason : new Error("the stream was given up"));
  const timer = clock.after(delayMs, expire);
  if (parent.aborted) expire();
  parent.addEventListener("abort", expire, { once: true });
  return {
    signal: controller.signal,
    expire,
    end: () => {
      timer.cancel();
      parent.removeEventListener("abort", expire);
      expire();
    },
  };
}
