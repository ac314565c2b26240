/**
 * What a change of resources means for a running pod: pure. Upstream: `kuberuntime_manager.go` computePodResizeAction
 * and `allocation_manager.go` UpdatePodFromAllocation.
 */
import type { Container, Pod, ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import { compareQuantities, milliValue, value } from "../../../shared/machinery/quantity.ts";
import type { RuntimeContainer } from "../../runtime/runtime.ts";
import { type DeclaredContainer, initContainersOf, mainContainersOf } from "../pod-containers.ts";
import type { PodResources } from "./resource-checkpoint.ts";

const RESIZABLE = ["cpu", "memory"] as const;
type Resizable = (typeof RESIZABLE)[number];

/** Main containers and sidecars. */
export function resizableContainers(pod: Pod): readonly DeclaredContainer[] {
  return [...initContainersOf(pod).filter(({ role }) => role === "sidecar"), ...mainContainersOf(pod)];
}

export function resourcesOf(pod: Pod): PodResources {
  return Object.fromEntries(
    resizableContainers(pod).map(({ spec }): [string, ResourceRequirements] => [
      spec.name,
      ("resources" in spec ? spec.resources : undefined) ?? {},
    ]),
  );
}

/** The pod with the given resources where it has containers of those names. */
export function withResources(pod: Pod, resources: PodResources): Pod {
  const replace = (container: Container): Container => {
    const own = resources[container.name];
    return own === undefined ? container : { ...container, resources: own };
  };
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(replace),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(replace) }),
    },
  };
}

function isSame(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined ? left === right : compareQuantities(left, right) === 0;
}

function differs(name: Resizable, left: ResourceRequirements, right: ResourceRequirements): boolean {
  return !isSame(left.requests?.[name], right.requests?.[name]) || !isSame(left.limits?.[name], right.limits?.[name]);
}

export function sameResources(left: ResourceRequirements, right: ResourceRequirements): boolean {
  return RESIZABLE.every((name) => !differs(name, left, right));
}

export interface ContainerUpdate {
  readonly container: Container;
  readonly running: RuntimeContainer;
  readonly current: ResourceRequirements;
}

export interface ResizePlan {
  /** Decreases first, so that the pod's own limits hold in between. */
  readonly updates: readonly ContainerUpdate[];
  /** Names of containers whose resize policy asks for a restart. */
  readonly restarts: ReadonlySet<string>;
}

/** `pod` has its allocated resources; `actuated` is what its containers were last given. */
export function planResize(pod: Pod, actuated: PodResources, running: readonly RuntimeContainer[]): ResizePlan {
  const updates: ContainerUpdate[] = [];
  const restarts = new Set<string>();
  for (const { spec } of resizableContainers(pod)) {
    const current = actuated[spec.name];
    const run = running.find(({ name, state }) => name === spec.name && state === "running");
    if (current === undefined || run === undefined || !("resizePolicy" in spec || "resources" in spec)) continue;
    const wanted = spec.resources ?? {};
    const changed = RESIZABLE.filter((name) => differs(name, wanted, current));
    if (changed.length === 0) continue;
    const needsRestart = changed.some((name) =>
      spec.resizePolicy?.some(
        ({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === "RestartContainer",
      ),
    );
    if (needsRestart) restarts.add(spec.name);
    else updates.push({ container: spec, running: run, current });
  }
  return { updates: updates.toSorted((a, b) => growthOf(a) - growthOf(b)), restarts };
}

/** Below zero: it gives something back. */
function growthOf({ container, current }: ContainerUpdate): number {
  const bytes = (resources: ResourceRequirements | undefined): number => value(resources?.limits?.["memory"] ?? "0");
  const millis = (resources: ResourceRequirements | undefined): number => milliValue(resources?.limits?.["cpu"] ?? "0");
  const byMemory = Math.sign(bytes(container.resources) - bytes(current));
  return byMemory === 0 ? Math.sign(millis(container.resources) - millis(current)) : byMemory;
}

/** The larger of each: what the pod's own group must allow while its containers change. */
export function largerResources(pod: Pod, actuated: PodResources): Pod {
  const merged = resizableContainers(pod).map(({ spec }): [string, ResourceRequirements] => {
    const wanted = ("resources" in spec ? spec.resources : undefined) ?? {};
    const current = actuated[spec.name] ?? wanted;
    return [
      spec.name,
      {
        requests: largerOf(wanted.requests, current.requests, false),
        limits: largerOf(wanted.limits, current.limits, true),
      },
    ];
  });
  return withResources(pod, Object.fromEntries(merged));
}

/** A limit that one of them does not have is no limit. */
function largerOf(
  left: Record<string, string> = {},
  right: Record<string, string> = {},
  isLimit: boolean,
): Record<string, string> {
  const larger: Record<string, string> = {};
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const [a, b] = [left[name], right[name]];
    if (a !== undefined && b !== undefined) larger[name] = compareQuantities(a, b) >= 0 ? a : b;
    else if (!isLimit) larger[name] = a ?? b ?? "0";
  }
  return larger;
}
