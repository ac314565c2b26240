/** Conditions that the kubelet sets on a pod: pure. Upstream: `pkg/kubelet/status/generate.go`. */
import type { ContainerStatus, Pod, PodCondition } from "../../shared/api/generated/core/v1.ts";
import { initContainersOf } from "../pods/pod-containers.ts";
import type { PodPhase } from "./pod-phase.ts";

/** Without transition time: that depends on what stood there before. */
export type ConditionDraft = Pick<PodCondition, "type" | "status"> & {
  readonly reason?: string;
  readonly message?: string;
  /** The pod's own when left out. */
  readonly observedGeneration?: number | undefined;
};

function draft(type: string, isTrue: boolean, reason?: string, message?: string): ConditionDraft {
  return {
    type,
    status: isTrue ? "True" : "False",
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

export function readyToStartCondition(hasNetwork: boolean): ConditionDraft {
  return draft("PodReadyToStartContainers", hasNetwork);
}

export function initializedCondition(
  pod: Pod,
  initStatuses: readonly ContainerStatus[],
  phase: PodPhase,
  hasMainStarted: boolean,
): ConditionDraft {
  if (phase === "Succeeded") return draft("Initialized", true, "PodCompleted");
  const incomplete = initContainersOf(pod)
    .filter(({ role, spec }) => {
      const status = initStatuses.find(({ name }) => name === spec.name);
      return role === "sidecar" ? status?.started !== true : status?.state?.terminated?.exitCode !== 0;
    })
    .map(({ spec }) => spec.name);
  if (incomplete.length === 0 || hasMainStarted) return draft("Initialized", true);
  return draft(
    "Initialized",
    false,
    "ContainersNotInitialized",
    `containers with incomplete status: [${incomplete.join(" ")}]`,
  );
}

export function containersReadyCondition(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
): ConditionDraft {
  return draft("ContainersReady", ...containersReadiness(pod, statuses, phase));
}

function containersReadiness(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
): [boolean, string?, string?] {
  if (phase === "Succeeded") return [false, "PodCompleted"];
  if (phase === "Failed") return [false, "PodFailed"];
  const sidecars = initContainersOf(pod).filter(({ role }) => role === "sidecar");
  const names = [...sidecars.map(({ spec }) => spec.name), ...pod.spec.containers.map(({ name }) => name)];
  const find = (name: string) => statuses.find((status) => status.name === name);
  const unknown = names.filter((name) => find(name) === undefined);
  const unready = names.filter((name) => find(name)?.ready === false);
  if (unknown.length + unready.length === 0) return [true];
  const texts = [
    ...(unknown.length === 0 ? [] : [`containers with unknown status: [${unknown.join(" ")}]`]),
    ...(unready.length === 0 ? [] : [`containers with unready status: [${unready.join(" ")}]`]),
  ];
  return [false, "ContainersNotReady", texts.join(", ")];
}

/** Ready is ContainersReady and every readiness gate. */
export function readyCondition(pod: Pod, containersReady: ConditionDraft): ConditionDraft {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const problems: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (gate === undefined)
      problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== "True") {
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
    }
  }
  if (problems.length === 0) return draft("Ready", true);
  return draft("Ready", false, "ReadinessGatesNotReady", problems.join(", "));
}
