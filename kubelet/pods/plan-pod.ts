/**
 * What has to be done so that a pod runs as its spec says, from what the runtime shows: pure and total.
 * Upstream: `kuberuntime_manager.go` computePodActions. Different: one plan names all steps that can be done now; the
 * worker plans again after each of them, so a step never has to foresee the result of another.
 *
 * P1. A step is only planned when every step before it may already have been done.
 * P2. Containers are started in a ready sandbox only, main containers only after all init containers.
 * P3. An empty plan with `isFinished` means that nothing will ever run again.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ObservedPod, RuntimeContainer } from "../runtime/runtime.ts";
import { CONTAINER_HASH_ANNOTATION } from "../runtime/labels.ts";
import { type BackOff, goDuration, remainingBackOff } from "./back-off.ts";
import { containerHash } from "./container-hash.ts";
import {
  type DeclaredContainer,
  currentSandbox,
  ephemeralContainersOf,
  initContainersOf,
  isAlive,
  latestOf,
  mainContainersOf,
  podText,
  restartPolicyOf,
} from "./pod-containers.ts";

export type PodStep =
  | { readonly kind: "stopSandbox"; readonly sandboxId: string }
  | { readonly kind: "createSandbox"; readonly attempt: number }
  | {
      readonly kind: "startContainer";
      readonly container: DeclaredContainer;
      readonly attempt: number;
      readonly failedAtMs?: number;
    }
  | {
      readonly kind: "killContainer";
      readonly container: RuntimeContainer;
      readonly spec: DeclaredContainer | undefined;
      readonly message: string;
      readonly cause: KillCause;
    }
  | { readonly kind: "removeContainer"; readonly containerId: string };

export type KillCause = "livenessProbe" | "startupProbe" | "changed" | "sandboxGone" | "finished";

/** Why a container that should run does not run yet. */
export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

export interface PodPlan {
  readonly steps: readonly PodStep[];
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Plan again no later than this. */
  readonly wakeAtMs?: number | undefined;
  /** All containers ended and none will be started again. */
  readonly isFinished: boolean;
}

/** What the kubelet knows of a container beside the runtime's view. */
export interface ContainerHealth {
  /** Startup probe passed, or there is none, and the container runs. */
  isStarted(containerId: string): boolean;
  hasFailed(containerId: string): "liveness" | "startup" | undefined;
}

export interface PlanInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly backOffs: ReadonlyMap<string, BackOff>;
  readonly health: ContainerHealth;
}

interface Draft {
  readonly steps: PodStep[];
  readonly waiting: Map<string, Waiting>;
  wakeAtMs: number;
}

/** Dead containers kept for `lastState` and `kubectl logs --previous`. */
const DEAD_CONTAINERS_KEPT = 1;

export function planPod(input: PlanInput, nowMs: number): PodPlan {
  const draft: Draft = { steps: [], waiting: new Map(), wakeAtMs: Number.POSITIVE_INFINITY };
  const sandbox = currentSandbox(input.observed);
  const isFinished = isPodFinished(input);
  if (isFinished) planEnd(draft, input);
  else if (sandbox?.state !== "ready") planSandbox(draft, input);
  else planContainers(draft, input, sandbox.id, nowMs);
  if (!isFinished) planRemovals(draft, input);
  return {
    steps: draft.steps,
    waiting: draft.waiting,
    isFinished,
    ...(Number.isFinite(draft.wakeAtMs) ? { wakeAtMs: draft.wakeAtMs } : {}),
  };
}

/** True when no main container will run again, or an init container failed for good. */
function isPodFinished(input: PlanInput): boolean {
  const { pod, observed } = input;
  const failedInit = initContainersOf(pod).some((container) => {
    const latest = latestOf(observed, container.spec.name);
    return (
      container.role === "init" &&
      latest?.state === "exited" &&
      latest.exitCode !== 0 &&
      !mayRestart(pod, container, latest)
    );
  });
  if (failedInit) return mainContainersOf(pod).every(({ spec }) => !isAlive(latestOf(observed, spec.name)));
  return mainContainersOf(pod).every((container) => {
    const latest = latestOf(observed, container.spec.name);
    return latest?.state === "exited" && !mayRestart(pod, container, latest);
  });
}

/** Restart policy against a container that ended. */
function mayRestart(pod: Pod, container: DeclaredContainer, ended: RuntimeContainer): boolean {
  const policy = restartPolicyOf(pod, container);
  if (policy === "Never") return false;
  if (container.role === "init") return ended.exitCode !== 0;
  return policy === "Always" || ended.exitCode !== 0;
}

function planEnd(draft: Draft, { observed, pod }: PlanInput): void {
  const sidecars = initContainersOf(pod).filter(({ role }) => role === "sidecar");
  for (const container of observed.containers.filter(isAlive)) {
    const spec = sidecars.find((sidecar) => sidecar.spec.name === container.name);
    draft.steps.push({
      kind: "killContainer",
      container,
      spec,
      message: `Stopping container ${container.name}`,
      cause: "finished",
    });
  }
  for (const sandbox of observed.sandboxes) {
    if (sandbox.state === "ready") draft.steps.push({ kind: "stopSandbox", sandboxId: sandbox.id });
  }
}

function planSandbox(draft: Draft, { observed }: PlanInput): void {
  const previous = currentSandbox(observed);
  for (const container of observed.containers.filter(isAlive)) {
    const message = "Stopping container because its pod sandbox is gone";
    draft.steps.push({ kind: "killContainer", container, spec: undefined, message, cause: "sandboxGone" });
  }
  if (previous !== undefined) draft.steps.push({ kind: "stopSandbox", sandboxId: previous.id });
  draft.steps.push({ kind: "createSandbox", attempt: previous === undefined ? 0 : previous.attempt + 1 });
}

function planContainers(draft: Draft, input: PlanInput, sandboxId: string, nowMs: number): void {
  const { pod, observed } = input;
  for (const container of ephemeralContainersOf(pod)) {
    if (latestOf(observed, container.spec.name) === undefined)
      draft.steps.push({ kind: "startContainer", container, attempt: 0 });
  }
  const isInitialized = mainContainersOf(pod).some(
    ({ spec }) => latestOf(observed, spec.name)?.sandboxId === sandboxId,
  );
  for (const container of initContainersOf(pod)) {
    if (isInitialized && container.role === "init") continue;
    const isPassed = planInitContainer(draft, input, container, sandboxId, nowMs);
    if (!isPassed && !isInitialized) return;
  }
  for (const container of mainContainersOf(pod)) planRunning(draft, input, container, sandboxId, nowMs);
}

/** True when the next init container may start. */
function planInitContainer(
  draft: Draft,
  input: PlanInput,
  container: DeclaredContainer,
  sandboxId: string,
  nowMs: number,
): boolean {
  const latest = latestOf(input.observed, container.spec.name);
  const isHere = latest?.sandboxId === sandboxId;
  if (container.role === "init" && isHere && latest.state === "exited" && latest.exitCode === 0) return true;
  planRunning(draft, input, container, sandboxId, nowMs);
  return container.role === "sidecar" && isHere && latest.state === "running" && input.health.isStarted(latest.id);
}

/** Steps for one container that should be running now. */
function planRunning(
  draft: Draft,
  input: PlanInput,
  container: DeclaredContainer,
  sandboxId: string,
  nowMs: number,
): void {
  const { pod, observed } = input;
  const latest = latestOf(observed, container.spec.name);
  if (latest === undefined) return void draft.steps.push({ kind: "startContainer", container, attempt: 0 });
  if (latest.state === "created") {
    // We were interrupted between its creation and its start: the name is taken until it is removed.
    draft.steps.push({ kind: "removeContainer", containerId: latest.id });
    return void draft.steps.push({ kind: "startContainer", container, attempt: latest.attempt });
  }
  if (latest.sandboxId !== sandboxId) return planStart(draft, input, container, latest, nowMs, isSandboxLoss(latest));
  if (latest.state === "exited") {
    if (mayRestart(pod, container, latest)) planStart(draft, input, container, latest, nowMs, false);
    return;
  }
  const kill = reasonToKill(input, container, latest);
  if (kill !== undefined) draft.steps.push({ kind: "killContainer", container: latest, spec: container, ...kill });
}

/** A container of an earlier sandbox that did not fail by itself starts without delay. */
function isSandboxLoss(latest: RuntimeContainer): boolean {
  return latest.exitCode === 0;
}

function planStart(
  draft: Draft,
  input: PlanInput,
  container: DeclaredContainer,
  ended: RuntimeContainer,
  nowMs: number,
  isImmediate: boolean,
): void {
  const isOtherSandbox = ended.sandboxId !== currentSandbox(input.observed)?.id;
  if (isOtherSandbox && container.role === "main" && !mayRestart(input.pod, container, ended)) return;
  const failedAtMs = ended.finishedAtMs > 0 ? ended.finishedAtMs : ended.createdAtMs;
  const backOff = input.backOffs.get(container.spec.name);
  const remainingMs = isImmediate ? 0 : remainingBackOff(backOff, failedAtMs, nowMs);
  if (remainingMs === 0) {
    draft.steps.push({ kind: "startContainer", container, attempt: ended.attempt + 1, failedAtMs });
    return;
  }
  const delay = goDuration(backOff?.delayMs ?? 0);
  const message = `back-off ${delay} restarting failed container=${container.spec.name} pod=${podText(input.pod)}`;
  draft.waiting.set(container.spec.name, { reason: "CrashLoopBackOff", message });
  draft.wakeAtMs = Math.min(draft.wakeAtMs, nowMs + remainingMs);
}

function reasonToKill(
  { health }: PlanInput,
  container: DeclaredContainer,
  running: RuntimeContainer,
): { message: string; cause: KillCause } | undefined {
  const { name } = container.spec;
  if (running.state === "unknown")
    return { message: `Container is in unknown state, try killing it before restart`, cause: "changed" };
  const hash = running.annotations[CONTAINER_HASH_ANNOTATION];
  if (hash !== undefined && hash !== containerHash(container.spec)) {
    return { message: `Container ${name} definition changed, will be restarted`, cause: "changed" };
  }
  const failed = health.hasFailed(running.id);
  if (failed === "liveness")
    return { message: `Container ${name} failed liveness probe, will be restarted`, cause: "livenessProbe" };
  if (failed === "startup")
    return { message: `Container ${name} failed startup probe, will be restarted`, cause: "startupProbe" };
  return undefined;
}

/** Dead containers and old sandboxes beyond what is kept. */
function planRemovals(draft: Draft, { observed }: PlanInput): void {
  const seen = new Map<string, number>();
  for (const container of observed.containers) {
    const newer = seen.get(container.name) ?? 0;
    seen.set(container.name, newer + 1);
    if (container.state === "exited" && newer > DEAD_CONTAINERS_KEPT) {
      draft.steps.push({ kind: "removeContainer", containerId: container.id });
    }
  }
}
