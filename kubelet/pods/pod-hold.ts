/** Something that failed and is not tried again before its time: pure. */
import type { PodPlan, PodStep, Waiting } from "./plan-pod.ts";

export interface Hold {
  readonly untilMs: number;
  /** What the container's waiting state shows meanwhile; the default when left out. */
  readonly waiting?: Waiting | undefined;
  /** Milliseconds of the next hold, for those that grow. */
  readonly nextMs?: number | undefined;
}

/** Key of a hold for all starts of a pod: its sandbox or its volumes cannot be made. */
export const POD_HOLD = "";

function holdFor(step: PodStep, holds: ReadonlyMap<string, Hold>, nowMs: number): Hold | undefined {
  if (step.kind !== "createSandbox" && step.kind !== "startContainer") return undefined;
  const podHold = holds.get(POD_HOLD);
  if (podHold !== undefined && podHold.untilMs > nowMs) return podHold;
  const own = step.kind === "startContainer" ? holds.get(step.container.spec.name) : undefined;
  return own !== undefined && own.untilMs > nowMs ? own : undefined;
}

/** The plan without the steps that are held, which show as waiting instead. */
export function applyHolds(plan: PodPlan, holds: ReadonlyMap<string, Hold>, nowMs: number): PodPlan {
  const waiting = new Map(plan.waiting);
  let wakeAtMs = plan.wakeAtMs ?? Number.POSITIVE_INFINITY;
  const steps = plan.steps.filter((step) => {
    const hold = holdFor(step, holds, nowMs);
    if (hold === undefined) return true;
    wakeAtMs = Math.min(wakeAtMs, hold.untilMs);
    if (step.kind === "startContainer" && hold.waiting !== undefined)
      waiting.set(step.container.spec.name, hold.waiting);
    return false;
  });
  return { steps, waiting, isFinished: plan.isFinished, ...(Number.isFinite(wakeAtMs) ? { wakeAtMs } : {}) };
}

/** First delay doubled each time, up to a limit. */
export function growingHold(
  previous: Hold | undefined,
  nowMs: number,
  firstMs: number,
  limitMs: number,
  waiting?: Waiting,
): Hold {
  const delayMs = previous?.nextMs ?? firstMs;
  return {
    untilMs: nowMs + delayMs,
    nextMs: Math.min(limitMs, delayMs * 2),
    ...(waiting === undefined ? {} : { waiting }),
  };
}
