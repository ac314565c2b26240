/** Pods that the node must not do without: pure. Upstream: `pkg/kubelet/types/pod_update.go` IsCriticalPod. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";

const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;
const SOURCE_ANNOTATION = "kubernetes.io/config.source";
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** From a file or a URL on this node, not from the API. */
export function isStaticPod({ metadata }: Pod): boolean {
  const source = metadata.annotations?.[SOURCE_ANNOTATION];
  return source !== undefined && source !== "api";
}

export function isCriticalPod(pod: Pod): boolean {
  const isMirror = pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
  return isStaticPod(pod) || isMirror || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;
}

/** True when the first may end the second to have its place. */
export function mayPreempt(pod: Pod, victim: Pod): boolean {
  if (isCriticalPod(pod) && !isCriticalPod(victim)) return true;
  return (pod.spec.priority ?? 0) > (victim.spec.priority ?? 0);
}
