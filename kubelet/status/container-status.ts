/** `ContainerStatus` from what the runtime shows: pure. Upstream: `kubelet_pods.go` convertToAPIContainerStatuses. */
import type { ContainerState, ContainerStatus, Pod, ResourceRequirements } from "../../shared/api/generated/core/v1.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { DeclaredContainer } from "../pods/pod-containers.ts";
import type { Waiting } from "../pods/plan-pod.ts";
import type { ObservedPod, RuntimeContainer } from "../runtime/runtime.ts";

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly container: DeclaredContainer;
  readonly observed: ObservedPod;
  /** Why it does not run, when that is known. */
  readonly waiting: Waiting | undefined;
  /** Why it does not run, when nothing more is known. */
  readonly defaultWaiting: string;
  /** What the API had, for containers the runtime no longer knows. */
  readonly previous: ContainerStatus | undefined;
  readonly runtimeName: string;
  readonly isStarted: (containerId: string) => boolean;
  readonly isReady: (containerId: string) => boolean;
  readonly terminationMessage: (container: RuntimeContainer) => string;
  /** What it was last given. */
  readonly actualResources?: ResourceRequirements | undefined;
  /** The pod is over: what does not run now never will. */
  readonly isTerminated: boolean;
  /** Its turn had come before the pod was over: when the runtime does not know it, it was lost. */
  readonly isLost: boolean;
}

/** Exit code of a container that is gone without a trace. */
const LOST_EXIT_CODE = 137;

function timeOf(ms: number): string | undefined {
  return ms > 0 ? rfc3339(ms) : undefined;
}

function stateOf(input: ContainerStatusInput, container: RuntimeContainer): ContainerState {
  const containerID = `${input.runtimeName}://${container.id}`;
  if (container.state === "running") return { running: { startedAt: rfc3339(container.startedAtMs) } };
  if (container.state === "created") return { waiting: { reason: input.defaultWaiting } };
  const told = [input.previous?.state, input.previous?.lastState].find(
    (state) => state?.terminated?.containerID === containerID,
  );
  // How it ended cannot change, but the file with its last words may be gone.
  if (told !== undefined && container.state === "exited") return told;
  const message = container.state === "exited" ? input.terminationMessage(container) : "";
  return {
    terminated: {
      exitCode: container.state === "unknown" ? LOST_EXIT_CODE : container.exitCode,
      reason: container.reason === "" ? (container.exitCode === 0 ? "Completed" : "Error") : container.reason,
      ...(message === "" ? {} : { message }),
      startedAt: timeOf(container.startedAtMs) ?? rfc3339(container.createdAtMs),
      finishedAt: timeOf(container.finishedAtMs) ?? rfc3339(container.createdAtMs),
      containerID,
    },
  };
}

function waitingState(input: ContainerStatusInput): ContainerState {
  const { waiting } = input;
  if (waiting === undefined) return { waiting: { reason: input.defaultWaiting } };
  return { waiting: { reason: waiting.reason, ...(waiting.message === "" ? {} : { message: waiting.message }) } };
}

const LOST: ContainerState = {
  terminated: {
    exitCode: LOST_EXIT_CODE,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the pod was terminated",
  },
};

function statesOf(
  input: ContainerStatusInput,
  runs: readonly RuntimeContainer[],
): { state: ContainerState; lastState: ContainerState } {
  const [latest, earlier] = runs;
  if (latest === undefined) {
    const { previous, isLost } = input;
    if (previous?.state?.terminated !== undefined)
      return { state: previous.state, lastState: previous.lastState ?? {} };
    if (isLost) return { state: LOST, lastState: previous?.lastState ?? {} };
    return { state: waitingState(input), lastState: previous?.lastState ?? {} };
  }
  const state = stateOf(input, latest);
  if (input.waiting !== undefined && latest.state !== "running" && !input.isTerminated) {
    return { state: waitingState(input), lastState: latest.state === "exited" ? state : {} };
  }
  const lastState = earlier === undefined ? (input.previous?.lastState ?? {}) : stateOf(input, earlier);
  return { state, lastState };
}

function isContainerReady(
  input: ContainerStatusInput,
  state: ContainerState,
  latest: RuntimeContainer | undefined,
): boolean {
  if (input.container.role === "init") return state.terminated?.exitCode === 0;
  if (input.container.role === "ephemeral" || latest?.state !== "running") return false;
  return input.isStarted(latest.id) && input.isReady(latest.id);
}

export function containerStatus(input: ContainerStatusInput): ContainerStatus {
  const { container, observed, previous } = input;
  const { spec } = container;
  const runs = observed.containers.filter(({ name }) => name === spec.name);
  const [latest] = runs;
  const { state, lastState } = statesOf(input, runs);
  const isRunning = state.running !== undefined && latest !== undefined;
  return {
    name: spec.name,
    state,
    lastState,
    ready: isContainerReady(input, state, latest),
    restartCount: latest?.attempt ?? previous?.restartCount ?? 0,
    image: latest?.image ?? previous?.image ?? spec.image ?? "",
    imageID: latest?.imageRef ?? previous?.imageID ?? "",
    ...(latest === undefined ? keptId(previous) : { containerID: `${input.runtimeName}://${latest.id}` }),
    started: isRunning ? container.role === "init" || input.isStarted(latest.id) : false,
    ...(isRunning && container.role !== "ephemeral" ? runningFields(input) : {}),
    ...mountFields(input),
    ...stopSignalField(input),
  };
}

function keptId(previous: ContainerStatus | undefined): Partial<ContainerStatus> {
  return previous?.containerID === undefined ? {} : { containerID: previous.containerID };
}

function runningFields({ container, actualResources }: ContainerStatusInput): Partial<ContainerStatus> {
  const { requests: allocated } = container.spec.resources ?? {};
  const { limits, requests } = actualResources ?? container.spec.resources ?? {};
  const resources = { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
  return { resources, ...(allocated === undefined ? {} : { allocatedResources: allocated }) };
}

function stopSignalField({ container }: ContainerStatusInput): Partial<ContainerStatus> {
  const { stopSignal } = container.spec.lifecycle ?? {};
  return stopSignal === undefined ? {} : { stopSignal };
}

function mountFields({ container }: ContainerStatusInput): Partial<ContainerStatus> {
  const mounts = container.spec.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
    })),
  };
}
