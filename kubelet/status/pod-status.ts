/** The whole status of a pod, computed from its spec and the runtime's view: pure. */
import type {
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
  ResourceRequirements,
} from "../../shared/api/generated/core/v1.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { Waiting } from "../pods/plan-pod.ts";
import {
  type DeclaredContainer,
  ephemeralContainersOf,
  initContainersOf,
  isAlive,
  mainContainersOf,
  readySandbox,
} from "../pods/pod-containers.ts";
import { podQosClass } from "../pods/qos.ts";
import type { ObservedPod, RuntimeContainer } from "../runtime/runtime.ts";
import { capMessages } from "./cap-messages.ts";
import { containerStatus } from "./container-status.ts";
import {
  type ConditionDraft,
  containersReadyCondition,
  initializedCondition,
  readyCondition,
  readyToStartCondition,
} from "./pod-conditions.ts";
import { PASSING_CONDITIONS } from "./status-patch.ts";
import { podPhase } from "./pod-phase.ts";

export interface PodStatusInput {
  /** As the API last showed it. */
  readonly pod: Pod;
  /** What we last computed: newer than `pod.status`. */
  readonly previous: PodStatus | undefined;
  readonly observed: ObservedPod;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly hostIps: readonly string[];
  readonly runtimeName: string;
  readonly isStarted: (containerId: string) => boolean;
  readonly isReady: (containerId: string) => boolean;
  readonly terminationMessage: (container: RuntimeContainer) => string;
  /** Nothing will be started any more, and all containers are dead. */
  readonly isTerminated: boolean;
  /** The pod was ended by the kubelet itself, for example at its deadline. */
  readonly failure?:
    | { readonly reason: string; readonly message: string; readonly condition?: ConditionDraft | undefined }
    | undefined;
  /** What a container was last given; undefined before its first start. */
  readonly actualResources?: ((container: string) => ResourceRequirements | undefined) | undefined;
  readonly resizeConditions?: readonly ConditionDraft[] | undefined;
  readonly nowMs: number;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, previous } = input;
  const known = previous ?? pod.status;
  const initContainers = initContainersOf(pod);
  const isAnyMainStarted = mainContainersOf(pod).some((container) =>
    hasStarted(input, container, known?.containerStatuses),
  );
  const lastStarted = initContainers.findLastIndex((container) =>
    hasStarted(input, container, known?.initContainerStatuses),
  );
  const initStatuses = initContainers.map((container, index) =>
    statusOf(
      input,
      container,
      known?.initContainerStatuses,
      "PodInitializing",
      isAnyMainStarted || index < lastStarted,
    ),
  );
  const isInitDone = initStatuses.every(({ ready, started }, index) =>
    initContainers[index]?.role === "sidecar" ? started === true : ready,
  );
  const defaultWaiting = isInitDone ? "ContainerCreating" : "PodInitializing";
  const statuses = mainContainersOf(pod)
    .map((container) =>
      statusOf(input, container, known?.containerStatuses, defaultWaiting, isInitDone || isAnyMainStarted),
    )
    .toSorted(byName);
  const ephemeral = ephemeralContainersOf(pod).map((container) =>
    statusOf(input, container, known?.ephemeralContainerStatuses, "ContainerCreating", true),
  );
  const declared = initStatuses.length + statuses.length + ephemeral.length;
  const computed = podPhase(pod, initStatuses, statuses, input.isTerminated);
  const wanted = input.failure !== undefined ? "Failed" : isTerminalPhase(known?.phase) ? known.phase : computed;
  // A final phase says that nothing runs any more: it waits for the last container.
  const isEarly = isTerminalPhase(wanted) && !isTerminalPhase(known?.phase) && input.observed.containers.some(isAlive);
  const ended = input.failure?.condition;
  const conditions = [
    ...(ended === undefined ? [] : [ended]),
    ...conditionsOf(input, wanted, initStatuses, statuses),
    ...(isTerminalPhase(wanted) ? [] : (input.resizeConditions ?? [])),
  ];
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase: isEarly ? (known?.phase ?? "Running") : wanted,
    conditions: mergeConditions(pod, known?.conditions ?? [], conditions, input.nowMs),
    ...keptReason(isEarly ? known : (input.failure ?? known)),
    ...addressesOf(input, known),
    startTime: known?.startTime ?? rfc3339(input.nowMs),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: capMessages(initStatuses, declared) }),
    containerStatuses: capMessages(statuses, declared),
    qosClass: known?.qosClass ?? podQosClass(pod),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: capMessages(ephemeral, declared) }),
  };
}

/** Status of a pod that never ran here. */
export function rejectedStatus(pod: Pod, { reason, message }: { reason: string; message: string }): PodStatus {
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase: "Failed",
    reason,
    message: `Pod was rejected: ${message}`,
    conditions: pod.status?.conditions ?? [],
    qosClass: podQosClass(pod),
  };
}

const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

export function isTerminalPhase(phase: string | undefined): phase is "Succeeded" | "Failed" {
  return phase === "Succeeded" || phase === "Failed";
}

function statusOf(
  input: PodStatusInput,
  container: DeclaredContainer,
  previous: readonly ContainerStatus[] | undefined,
  defaultWaiting: string,
  hadItsTurn: boolean,
): ContainerStatus {
  return containerStatus({
    pod: input.pod,
    container,
    observed: input.observed,
    waiting: input.waiting.get(container.spec.name),
    defaultWaiting,
    previous: previous?.find(({ name }) => name === container.spec.name),
    runtimeName: input.runtimeName,
    isStarted: input.isStarted,
    isReady: input.isReady,
    terminationMessage: input.terminationMessage,
    actualResources: input.actualResources?.(container.spec.name),
    isTerminated: input.isTerminated,
    isLost: input.isTerminated && hadItsTurn,
  });
}

/** There is a trace of a run, in the runtime or in what we told before. */
function hasStarted(
  { observed }: PodStatusInput,
  { spec }: DeclaredContainer,
  previous: readonly ContainerStatus[] | undefined,
): boolean {
  const before = previous?.find(({ name }) => name === spec.name);
  const told = before?.state?.running ?? before?.state?.terminated ?? before?.lastState?.terminated;
  return told !== undefined || observed.containers.some(({ name }) => name === spec.name);
}

function keptReason(known: Pick<PodStatus, "reason" | "message"> | undefined): Partial<PodStatus> {
  return {
    ...(known?.reason === undefined ? {} : { reason: known.reason }),
    ...(known?.message === undefined ? {} : { message: known.message }),
  };
}

function addressesOf({ pod, observed, hostIps }: PodStatusInput, known: PodStatus | undefined): Partial<PodStatus> {
  const sandboxIps = readySandbox(observed)?.ips ?? [];
  const knownIps = (known?.podIPs ?? []).map(({ ip }) => ip ?? "");
  // A pod that ended keeps the address it had.
  const podIps = pod.spec.hostNetwork === true ? hostIps : sandboxIps.length > 0 ? sandboxIps : knownIps;
  return {
    ...(hostIps[0] === undefined ? {} : { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(podIps[0] === undefined ? {} : { podIP: podIps[0], podIPs: podIps.map((ip) => ({ ip })) }),
  };
}

/** In upstream's order; Ready is computed last, from all that stands before it. */
function conditionsOf(
  { pod, observed }: PodStatusInput,
  phase: "Pending" | "Running" | "Succeeded" | "Failed",
  initStatuses: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
): ConditionDraft[] {
  const sandbox = readySandbox(observed);
  const hasNetwork = sandbox !== undefined && (pod.spec.hostNetwork === true || sandbox.ips.length > 0);
  const hasMainStarted = statuses.some(
    ({ state, lastState }) => (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined,
  );
  const containersReady = containersReadyCondition(pod, [...initStatuses, ...statuses], phase);
  return [
    readyToStartCondition(hasNetwork),
    initializedCondition(pod, initStatuses, phase, hasMainStarted),
    readyCondition(pod, containersReady),
    containersReady,
    // It is here.
    { type: "PodScheduled", status: "True" },
  ];
}

function observedAt(generation: number | undefined): Pick<PodCondition, "observedGeneration"> {
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** Others' conditions are kept; a transition time only moves when the status changes. */
function mergeConditions(
  pod: Pod,
  known: readonly PodCondition[],
  drafts: readonly ConditionDraft[],
  nowMs: number,
): PodCondition[] {
  const generation = pod.metadata.generation;
  const ours = drafts.map((draft): PodCondition => {
    const before = known.find(({ type }) => type === draft.type);
    return {
      type: draft.type,
      ...observedAt(draft.observedGeneration ?? generation),
      status: draft.status,
      lastTransitionTime: before?.status === draft.status ? before.lastTransitionTime : rfc3339(nowMs),
      ...(draft.reason === undefined ? {} : { reason: draft.reason }),
      ...(draft.message === undefined ? {} : { message: draft.message }),
    };
  });
  const others = (pod.status?.conditions ?? []).filter(
    ({ type }) => !PASSING_CONDITIONS.has(type) && !drafts.some((draft) => draft.type === type),
  );
  return [...ours, ...others];
}
