/** Phase of a pod from its containers' statuses: pure. Upstream: `kubelet_pods.go` getPhase. */
import type { ContainerStatus, Pod } from "../../shared/api/generated/core/v1.ts";
import { initContainersOf } from "../pods/pod-containers.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

interface Counts {
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
}

/** `isTerminal`: the pod is being ended and nothing restarts. */
export function podPhase(
  pod: Pod,
  initStatuses: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
  isTerminal: boolean,
): PodPhase {
  const policy = pod.spec.restartPolicy ?? "Always";
  const init = initProgress(pod, initStatuses);
  const counts = countStates(statuses);
  const hasMainStarted = counts.running + counts.stopped > 0;
  if (init === "failed" && (policy === "Never" || isTerminal)) return "Failed";
  if (init !== "done" && !hasMainStarted) return isTerminal ? "Failed" : "Pending";
  if (counts.waiting > 0) return isTerminal ? "Failed" : "Pending";
  if (counts.running > 0) return "Running";
  if (counts.stopped === 0) return isTerminal ? "Failed" : "Pending";
  if (policy === "Always" && !isTerminal) return "Running";
  if (counts.stopped === counts.succeeded) return "Succeeded";
  if (policy === "Never" || isTerminal) return "Failed";
  return "Running";
}

function initProgress(pod: Pod, statuses: readonly ContainerStatus[]): "done" | "pending" | "failed" {
  let isPending = false;
  for (const { role, spec } of initContainersOf(pod)) {
    const status = statuses.find(({ name }) => name === spec.name);
    if (role === "sidecar") {
      if (status?.started !== true && status?.state?.terminated === undefined) isPending = true;
      continue;
    }
    const exitCode = status?.state?.terminated?.exitCode ?? status?.lastState?.terminated?.exitCode;
    if (status?.state?.running === undefined && exitCode !== undefined && exitCode !== 0) return "failed";
    if (status?.state?.terminated?.exitCode !== 0) isPending = true;
  }
  return isPending ? "pending" : "done";
}

function countStates(statuses: readonly ContainerStatus[]): Counts {
  const counts: Counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of statuses) {
    if (state?.running !== undefined) counts.running++;
    else if (state?.terminated !== undefined) {
      counts.stopped++;
      if (state.terminated.exitCode === 0) counts.succeeded++;
    } else if (lastState?.terminated !== undefined) counts.stopped++;
    else counts.waiting++;
  }
  return counts;
}
