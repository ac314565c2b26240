/** Facts about the containers that a pod's spec declares: pure. */
import type { Container, EphemeralContainer, Pod } from "../../shared/api/generated/core/v1.ts";
import type { ObservedPod, RuntimeContainer, RuntimeSandbox } from "../runtime/runtime.ts";

/** How a container takes part in the pod's life. A sidecar is an init container with restartPolicy Always. */
export type ContainerRole = "init" | "sidecar" | "main" | "ephemeral";

export interface DeclaredContainer {
  readonly role: ContainerRole;
  readonly spec: Container | EphemeralContainer;
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

export function initContainersOf(pod: Pod): readonly DeclaredContainer[] {
  return (pod.spec.initContainers ?? []).map((spec) => ({ role: isSidecar(spec) ? "sidecar" : "init", spec }));
}

export function mainContainersOf(pod: Pod): readonly DeclaredContainer[] {
  return pod.spec.containers.map((spec) => ({ role: "main", spec }));
}

export function ephemeralContainersOf(pod: Pod): readonly DeclaredContainer[] {
  return (pod.spec.ephemeralContainers ?? []).map((spec) => ({ role: "ephemeral", spec }));
}

export function allContainersOf(pod: Pod): readonly DeclaredContainer[] {
  return [...initContainersOf(pod), ...mainContainersOf(pod), ...ephemeralContainersOf(pod)];
}

/** The restart policy that counts for one container. */
export function restartPolicyOf(pod: Pod, container: DeclaredContainer): "Always" | "OnFailure" | "Never" {
  if (container.role === "sidecar") return "Always";
  if (container.role === "ephemeral") return "Never";
  const own = container.spec.restartPolicy ?? pod.spec.restartPolicy ?? "Always";
  if (container.role === "init" && own === "Always") return "OnFailure";
  return own === "Never" || own === "OnFailure" ? own : "Always";
}

/** Newest container of that name, whatever sandbox it ran in. */
export function latestOf(observed: ObservedPod, name: string): RuntimeContainer | undefined {
  return observed.containers.find((container) => container.name === name);
}

/** The sandbox the pod lives in now, ready or not. */
export function currentSandbox(observed: ObservedPod): RuntimeSandbox | undefined {
  return observed.sandboxes[0];
}

export function readySandbox(observed: ObservedPod): RuntimeSandbox | undefined {
  const sandbox = currentSandbox(observed);
  return sandbox?.state === "ready" ? sandbox : undefined;
}

export function isAlive(container: RuntimeContainer | undefined): container is RuntimeContainer {
  return container !== undefined && (container.state === "running" || container.state === "unknown");
}

/** `name_namespace(uid)`: how upstream's messages write a pod. */
export function podText(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ""}(${pod.metadata.uid ?? ""})`;
}
