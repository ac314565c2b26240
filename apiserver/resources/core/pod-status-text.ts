/**
 * The STATUS, READY and RESTARTS of `kubectl get pods` (`pkg/printers/internalversion/printers.go`): one word for what
 * a pod is at, taken from the first init container that is not done, else from its containers.
 */
import type { Container, ContainerState, ContainerStatus, Pod } from "../../../shared/api/generated/core/v1.ts";
import { unixOf } from "../../schema/time.ts";
import { ageOf } from "../../tables/human-duration.ts";

export interface PodSummary {
  readonly reason: string;
  readonly readyContainers: number;
  readonly totalContainers: number;
  /** With the age of the last one: `3 (20s ago)`. */
  readonly restarts: string;
}

interface Tally {
  count: number;
  lastAt: string | undefined;
}

export function summarizePod(pod: Pod, nowMs: number): PodSummary {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  const initStatuses = pod.status?.initContainerStatuses ?? [];
  const init = initProgress(initStatuses, sidecars, pod.spec.initContainers?.length ?? 0);
  const isInitialized = init.reason === undefined || hasCondition(pod, "Initialized");
  const main = isInitialized ? mainProgress(pod) : undefined;
  const restarts = isInitialized
    ? tallyOf([
        ...initStatuses.slice(0, init.visited).filter(({ name }) => sidecars.has(name)),
        ...(pod.status?.containerStatuses ?? []),
      ])
    : tallyOf(initStatuses.slice(0, init.visited));
  return {
    reason: finalReason(pod, main?.reason ?? init.reason ?? baseReason(pod)),
    readyContainers: init.ready + (main?.ready ?? 0),
    totalContainers: pod.spec.containers.length + sidecars.size,
    restarts:
      restarts.count !== 0 && restarts.lastAt !== undefined
        ? `${restarts.count} (${ageOf(restarts.lastAt, nowMs)} ago)`
        : String(restarts.count),
  };
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
}

function baseReason(pod: Pod): string {
  const isGated = pod.status?.conditions?.some(
    ({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated",
  );
  if (isGated === true) return "SchedulingGated";
  const { reason, phase } = pod.status ?? {};
  return reason !== undefined && reason !== "" ? reason : (phase ?? "");
}

function endReason(terminated: NonNullable<ContainerState["terminated"]>): string {
  if (terminated.reason !== undefined && terminated.reason !== "") return terminated.reason;
  const signal = terminated.signal ?? 0;
  return signal === 0 ? `ExitCode:${terminated.exitCode}` : `Signal:${signal}`;
}

interface InitProgress {
  /** Undefined when all init containers are done. */
  readonly reason: string | undefined;
  readonly ready: number;
  /** How many statuses were looked at. */
  readonly visited: number;
}

function initProgress(
  statuses: readonly ContainerStatus[],
  sidecars: ReadonlySet<string>,
  total: number,
): InitProgress {
  let ready = 0;
  for (const [index, status] of statuses.entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started === true) {
      if (status.ready) ready++;
      continue;
    }
    const visited = index + 1;
    if (terminated !== undefined) return { reason: `Init:${endReason(terminated)}`, ready, visited };
    const why = waiting?.reason ?? "";
    if (why !== "" && why !== "PodInitializing") return { reason: `Init:${why}`, ready, visited };
    return { reason: `Init:${index}/${total}`, ready, visited };
  }
  return { reason: undefined, ready, visited: statuses.length };
}

function mainProgress(pod: Pod): { readonly reason: string | undefined; readonly ready: number } {
  let reason: string | undefined;
  let ready = 0;
  // The first container that has something to say wins: look at it last.
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== "") reason = waiting.reason;
    else if (terminated !== undefined) reason = endReason(terminated);
    else if (status.ready && running !== undefined) ready++;
  }
  if (reason === "Completed" && ready > 0) reason = hasCondition(pod, "Ready") ? "Running" : "NotReady";
  return { reason, ready };
}

function finalReason(pod: Pod, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const phase = pod.status?.phase;
  return phase === "Failed" || phase === "Succeeded" ? reason : "Terminating";
}

function tallyOf(statuses: readonly ContainerStatus[]): Tally {
  const tally: Tally = { count: 0, lastAt: undefined };
  for (const status of statuses) {
    tally.count += status.restartCount;
    const finishedAt = status.lastState?.terminated?.finishedAt;
    const isLater = (unixOf(finishedAt ?? "")?.seconds ?? -1) > (unixOf(tally.lastAt ?? "")?.seconds ?? -1);
    if (isLater) tally.lastAt = finishedAt;
  }
  return tally;
}
