/**
 * When a further serving thread is worth its memory, and when it is not any more. Pure: called once a second with how
 * busy the threads were.
 */

/** Part of the last second that a thread's event loop was busy: 0 to 1. */
export type Utilisation = number;

export interface ThreadLoad {
  /** Seconds in a row in which all threads together were busy. */
  readonly busySeconds: number;
  /** Seconds in a row in which one thread alone would have had next to nothing to do. */
  readonly idleSeconds: number;
}

export const NO_LOAD: ThreadLoad = { busySeconds: 0, idleSeconds: 0 };

/** A thread is busy from here on: what arrives next waits. */
const BUSY_UTILISATION = 0.75;
/** Longer than a start of a component, or one large list. */
const BUSY_SECONDS = 3;
/** All threads together. */
const IDLE_UTILISATION = 0.25;
/** Ending a thread ends its connections: not for a pause. */
const IDLE_SECONDS = 600;

export interface ThreadDecision {
  readonly load: ThreadLoad;
  readonly action: "start" | "end" | "none";
}

/** `utilisations` are those of all serving threads, the main thread's among them. */
export function planThreads(
  before: ThreadLoad,
  utilisations: readonly Utilisation[],
  threadsMax: number,
): ThreadDecision {
  const sum = utilisations.reduce((total, one) => total + one, 0);
  const isBusy = sum / utilisations.length >= BUSY_UTILISATION;
  const load = {
    busySeconds: isBusy ? before.busySeconds + 1 : 0,
    idleSeconds: sum <= IDLE_UTILISATION ? before.idleSeconds + 1 : 0,
  };
  if (load.busySeconds >= BUSY_SECONDS && utilisations.length < threadsMax) return { load: NO_LOAD, action: "start" };
  if (load.idleSeconds >= IDLE_SECONDS && utilisations.length > 1) return { load: NO_LOAD, action: "end" };
  return { load, action: "none" };
}
