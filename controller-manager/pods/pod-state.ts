/** What controllers ask about a pod (upstream: `pkg/api/v1/pod`, `controller_utils.go`). */
import type { Pod, PodCondition } from "../../shared/api/generated/core/v1.ts";
import { findCondition } from "../../shared/machinery/conditions.ts";
import { timeOf } from "../runtime/timestamp.ts";

export function readyCondition(pod: Pod): PodCondition | undefined {
  return findCondition(pod.status?.conditions, "Ready");
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === "True";
}

/** Succeeded or Failed: it will not run any more. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Neither finished nor being deleted. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

/** When the pod will count as available if it stays ready; nothing while it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const readySinceMs = timeOf(readyCondition(pod)?.lastTransitionTime);
  return readySinceMs === undefined ? undefined : readySinceMs + minReadySeconds * 1000;
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const atMs = availableAtMs(pod, minReadySeconds);
  return atMs !== undefined && atMs <= nowMs;
}
