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
import { backOffKey, containerHash } from "./container-hash.ts";
import {
  type DeclaredContainer,
  allContainersOf,
  currentSandbox,
  ephemeralContainersOf,
  initContainersOf,
  isAlive,
  latestOf,
  mainContainersOf,
  podText,
} from "./pod-containers.ts";
import type { ContainerUpdate } from "./resize/plan-resize.ts";
import { restartEpochMs, restartsAfter, restartsAfterKill } from "./restart-rules.ts";

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
      /** It comes back whatever its exit code will be. */
      readonly isRestarted: boolean;
    }
  | { readonly kind: "removeContainer"; readonly containerId: string }
  | { readonly kind: "resizeContainers"; readonly updates: readonly ContainerUpdate[] };

export type KillCause = "livenessProbe" | "startupProbe" | "changed" | "resized" | "sandboxGone" | "restartAll";

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
  /** By `backOffKey`. */
  readonly backOffs: ReadonlyMap<string, BackOff>;
  readonly health: ContainerHealth;
  /** Containers that were killed in order to be started again. */
  readonly restarting?: ReadonlySet<string>;
  /** Names of running containers that cannot take their new resources without a restart. */
  readonly resizeRestarts?: ReadonlySet<string>;
  /** Running containers that take theirs as they run. */
  readonly resizeUpdates?: readonly ContainerUpdate[];
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
  // Whoever ends a pod ends it in order: sidecars after the others, then the sandbox (`terminate-pod.ts`).
  if (!isFinished) {
    if (sandbox?.state !== "ready") planSandbox(draft, input);
    else planContainers(draft, input, { sandboxId: sandbox.id, sinceMs: epochOf(input), nowMs });
    planRemovals(draft, input);
  }
  return {
    steps: draft.steps,
    waiting: draft.waiting,
    isFinished,
    ...(Number.isFinite(draft.wakeAtMs) ? { wakeAtMs: draft.wakeAtMs } : {}),
  };
}

/** Where and since when a container has to have been made to count. */
interface Place {
  readonly sandboxId: string;
  readonly sinceMs: number;
  readonly nowMs: number;
}

function epochOf({ pod, observed }: PlanInput): number {
  return restartEpochMs(pod, observed);
}

/** True when no main container will run again, or an init container failed for good. */
function isPodFinished(input: PlanInput): boolean {
  const { pod, observed } = input;
  const failedInit = initContainersOf(pod).some((container) => {
    const latest = latestOf(observed, container.spec.name);
    if (container.role !== "init" || latest?.state !== "exited" || latest.exitCode === 0) return false;
    return !mayRestart(input, container, latest);
  });
  if (failedInit) return mainContainersOf(pod).every(({ spec }) => !isAlive(latestOf(observed, spec.name)));
  const epochMs = epochOf(input);
  return mainContainersOf(pod).every((container) => {
    const latest = latestOf(observed, container.spec.name);
    return latest?.state === "exited" && latest.createdAtMs >= epochMs && !mayRestart(input, container, latest);
  });
}

function mayRestart({ pod, restarting }: PlanInput, container: DeclaredContainer, ended: RuntimeContainer): boolean {
  return restarting?.has(ended.id) === true || restartsAfter(pod, container, ended.exitCode);
}

function planSandbox(draft: Draft, { observed }: PlanInput): void {
  const previous = currentSandbox(observed);
  for (const container of observed.containers.filter(isAlive)) {
    const message = "Stopping container because its pod sandbox is gone";
    const cause = "sandboxGone";
    draft.steps.push({ kind: "killContainer", container, spec: undefined, message, cause, isRestarted: false });
  }
  if (previous !== undefined) draft.steps.push({ kind: "stopSandbox", sandboxId: previous.id });
  draft.steps.push({ kind: "createSandbox", attempt: previous === undefined ? 0 : previous.attempt + 1 });
}

function planContainers(draft: Draft, input: PlanInput, place: Place): void {
  const { pod, observed } = input;
  for (const container of ephemeralContainersOf(pod)) {
    if (latestOf(observed, container.spec.name) === undefined)
      draft.steps.push({ kind: "startContainer", container, attempt: 0 });
  }
  const stale = observed.containers.filter((run) => isAlive(run) && run.createdAtMs < place.sinceMs);
  if (stale.length > 0) return planKillAll(draft, pod, stale);
  const isInitialized = mainContainersOf(pod).some((container) => currentRun(observed, container, place) !== undefined);
  const inits = initContainersOf(pod);
  const lastBegun = inits.findLastIndex((container) => currentRun(observed, container, place) !== undefined);
  for (const [index, container] of inits.entries()) {
    if (isInitialized && container.role === "init") continue;
    const isPassed =
      planInitContainer(draft, input, container, place) || (container.role === "sidecar" && index < lastBegun);
    if (!isPassed && !isInitialized) return;
  }
  if ((input.resizeUpdates ?? []).length > 0) {
    draft.steps.push({ kind: "resizeContainers", updates: input.resizeUpdates ?? [] });
  }
  for (const container of mainContainersOf(pod)) planRunning(draft, input, container, place);
}

/** One of them ended in a way that restarts all: nothing starts before the others are dead. */
function planKillAll(draft: Draft, pod: Pod, stale: readonly RuntimeContainer[]): void {
  for (const container of stale) {
    const spec = allContainersOf(pod).find((declared) => declared.spec.name === container.name);
    if (spec?.role === "ephemeral") continue;
    const message = `Stopping container ${container.name} because all containers are restarting`;
    draft.steps.push({ kind: "killContainer", container, spec, message, cause: "restartAll", isRestarted: true });
  }
}

/** Newest run of the container, if it belongs to this life of the pod. */
function currentRun(
  observed: ObservedPod,
  { spec }: DeclaredContainer,
  { sandboxId, sinceMs }: Place,
): RuntimeContainer | undefined {
  const latest = latestOf(observed, spec.name);
  return latest?.sandboxId === sandboxId && latest.createdAtMs >= sinceMs ? latest : undefined;
}

/** True when the next init container may start. */
function planInitContainer(draft: Draft, input: PlanInput, container: DeclaredContainer, place: Place): boolean {
  const run = currentRun(input.observed, container, place);
  if (container.role === "init" && run?.state === "exited" && run.exitCode === 0) return true;
  planRunning(draft, input, container, place);
  return container.role === "sidecar" && run?.state === "running" && input.health.isStarted(run.id);
}

/** Steps for one container that should be running now. */
function planRunning(draft: Draft, input: PlanInput, container: DeclaredContainer, place: Place): void {
  const latest = latestOf(input.observed, container.spec.name);
  if (latest === undefined) return void draft.steps.push({ kind: "startContainer", container, attempt: 0 });
  if (latest.state === "created") {
    // We were interrupted between its creation and its start: the name is taken until it is removed.
    draft.steps.push({ kind: "removeContainer", containerId: latest.id });
    return void draft.steps.push({ kind: "startContainer", container, attempt: latest.attempt });
  }
  if (currentRun(input.observed, container, place) === undefined) {
    // Who did not fail by itself starts without delay.
    return planStart(draft, input, container, latest, place.nowMs, latest.exitCode === 0 || !isTrigger(latest, place));
  }
  if (latest.state === "exited") {
    if (mayRestart(input, container, latest)) planStart(draft, input, container, latest, place.nowMs, false);
    return;
  }
  const kill = reasonToKill(input, container, latest);
  if (kill !== undefined) draft.steps.push({ kind: "killContainer", container: latest, spec: container, ...kill });
}

/** It ended by itself, at or before the moment since which all have to be new. */
function isTrigger(ended: RuntimeContainer, { sandboxId, sinceMs }: Place): boolean {
  return ended.sandboxId !== sandboxId || ended.finishedAtMs <= sinceMs;
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
  if (isOtherSandbox && container.role === "main" && !mayRestart(input, container, ended)) return;
  const failedAtMs = ended.finishedAtMs > 0 ? ended.finishedAtMs : ended.createdAtMs;
  const backOff = input.backOffs.get(backOffKey(container.spec));
  const remainingMs = isImmediate ? 0 : remainingBackOff(backOff, failedAtMs, nowMs);
  if (remainingMs === 0) {
    draft.steps.push({ kind: "startContainer", container, attempt: ended.attempt + 1, failedAtMs });
    // An end that does not count must not show as one: the API lets nothing come back from it.
    if (input.restarting?.has(ended.id) === true)
      draft.waiting.set(container.spec.name, { reason: "ContainerCreating", message: "" });
    return;
  }
  const delay = goDuration(backOff?.delayMs ?? 0);
  const message = `back-off ${delay} restarting failed container=${container.spec.name} pod=${podText(input.pod)}`;
  draft.waiting.set(container.spec.name, { reason: "CrashLoopBackOff", message });
  draft.wakeAtMs = Math.min(draft.wakeAtMs, nowMs + remainingMs);
}

interface Kill {
  readonly message: string;
  readonly cause: KillCause;
  readonly isRestarted: boolean;
}

function reasonToKill(input: PlanInput, container: DeclaredContainer, running: RuntimeContainer): Kill | undefined {
  const { health, pod } = input;
  const { name } = container.spec;
  const who = container.role === "main" ? `Container ${name}` : `Init container ${name}`;
  const kill = (what: string, cause: KillCause, isRestarted: boolean): Kill => ({
    message: `${who} ${what}${isRestarted && container.role === "main" ? ", will be restarted" : ""}`,
    cause,
    isRestarted,
  });
  if (running.state === "unknown") {
    const message = `Container is in "unknown" state, try killing it before restart`;
    return { message, cause: "changed", isRestarted: true };
  }
  const hash = running.annotations[CONTAINER_HASH_ANNOTATION];
  if (hash !== undefined && hash !== containerHash(container.spec)) return kill("definition changed", "changed", true);
  const failed = health.hasFailed(running.id);
  const isRestarted = restartsAfterKill(pod, container);
  if (failed === "liveness") return kill("failed liveness probe", "livenessProbe", isRestarted);
  if (failed === "startup") return kill("failed startup probe", "startupProbe", isRestarted);
  if (input.resizeRestarts?.has(name) === true) {
    return { message: `Container ${name} resize requires restart`, cause: "resized", isRestarted: true };
  }
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
