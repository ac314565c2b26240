/** Phase of a pod from its containers' statuses: pure. Upstream: `kubelet_pods.go` getPhase. */
import type { ContainerStatus, Pod } from "../../shared/api/generated/core/v1.ts";
import { initContainersOf, mainContainersOf } from "../pods/pod-containers.ts";
import { restartsAfter } from "../pods/restart-rules.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

interface Counts {
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
  /** Of the stopped ones, those that come again. */
  restarting: number;
}

/** `isTerminal`: the pod is being ended and nothing restarts. */
export function podPhase(
  pod: Pod,
  initStatuses: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
  isTerminal: boolean,
): PodPhase {
  const init = initProgress(pod, initStatuses);
  const counts = countStates(pod, statuses);
  const hasMainStarted = counts.running + counts.stopped > 0;
  if (init === "failed" || (init === "failing" && isTerminal)) return "Failed";
  if (init !== "done" && !hasMainStarted) return isTerminal ? "Failed" : "Pending";
  if (counts.waiting > 0) return isTerminal ? "Failed" : "Pending";
  if (counts.running > 0) return "Running";
  if (counts.stopped === 0) return isTerminal ? "Failed" : "Pending";
  if (counts.restarting > 0 && !isTerminal) return "Running";
  return counts.stopped === counts.succeeded ? "Succeeded" : "Failed";
}

/** `failing`: it will be tried again; `failed`: it will not. */
function initProgress(pod: Pod, statuses: readonly ContainerStatus[]): "done" | "pending" | "failing" | "failed" {
  let isPending = false;
  for (const container of initContainersOf(pod)) {
    const status = statuses.find(({ name }) => name === container.spec.name);
    if (container.role === "sidecar") {
      if (status?.started !== true && status?.state?.terminated === undefined) isPending = true;
      continue;
    }
    const exitCode = status?.state?.terminated?.exitCode ?? status?.lastState?.terminated?.exitCode;
    if (status?.state?.running === undefined && exitCode !== undefined && exitCode !== 0)
      return restartsAfter(pod, container, exitCode) ? "failing" : "failed";
    if (status?.state?.terminated?.exitCode !== 0) isPending = true;
  }
  return isPending ? "pending" : "done";
}

function countStates(pod: Pod, statuses: readonly ContainerStatus[]): Counts {
  const counts: Counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const { name, state, lastState } of statuses) {
    const ended = state?.terminated ?? lastState?.terminated;
    if (state?.running !== undefined) counts.running++;
    else if (ended === undefined) counts.waiting++;
    else {
      counts.stopped++;
      if (state?.terminated?.exitCode === 0) counts.succeeded++;
      const container = mainContainersOf(pod).find(({ spec }) => spec.name === name);
      // Who waits after an end is on the way to its next run.
      const isWaiting = state?.terminated === undefined;
      if (container !== undefined && (isWaiting || restartsAfter(pod, container, ended.exitCode))) counts.restarting++;
    }
  }
  return counts;
}
