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

/** Wrong references are looked up again this often. */
const CONFIG_RETRY_MS = 5000;
/** After a failed pull this long passes before the state turns to ImagePullBackOff. */
const PULL_STATE_MS = 5000;
const PULL_RETRY_MS_MIN = 1000;
const START_RETRY_MS = { first: 10_000, limit: 300_000 };
const GROWING: ReadonlySet<string> = new Set(["CreateContainerError", "RunContainerError", "PostStartHookError"]);

/** After a container could not be started, for the reason that its waiting state shows. */
export function startHold(previous: Hold | undefined, waiting: Waiting, pullBackOffMs: number, nowMs: number): Hold {
  const { reason } = waiting;
  if (GROWING.has(reason)) return growingHold(previous, nowMs, START_RETRY_MS.first, START_RETRY_MS.limit, waiting);
  if (reason === "ErrImagePull") return { untilMs: nowMs + Math.min(PULL_STATE_MS, pullBackOffMs), waiting };
  if (reason === "ImagePullBackOff") return { untilMs: nowMs + Math.max(PULL_RETRY_MS_MIN, pullBackOffMs), waiting };
  return { untilMs: nowMs + CONFIG_RETRY_MS, waiting };
}
