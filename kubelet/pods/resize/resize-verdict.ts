/**
 * Whether the node can give a pod the resources it now wants: pure. Upstream: `kubelet.go`
 * IsInPlacePodVerticalScalingAllowed, `allocation/handlers.go` and the node's fit predicate.
 */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../../shared/machinery/quantity.ts";
import { requestOf } from "../qos.ts";
import { resizableContainers } from "./plan-resize.ts";

export interface ResizeRefusal {
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
}

const SOURCE_ANNOTATION = "kubernetes.io/config.source";
const RESOURCES: readonly [string, (quantity: string) => number][] = [
  ["cpu", milliValue],
  ["memory", value],
];

function requestSum(pod: Pod, name: string, read: (quantity: string) => number): number {
  const own = resizableContainers(pod).map(({ spec }) =>
    read(("resources" in spec ? requestOf(spec, name) : undefined) ?? "0"),
  );
  return own.reduce((total, amount) => total + amount, read(pod.spec.overhead?.[name] ?? "0"));
}

/** Undefined: it fits. `others` are the pods that run here, with what they were given. */
export function judgeResize(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): ResizeRefusal | undefined {
  const source = pod.metadata.annotations?.[SOURCE_ANNOTATION];
  if (source !== undefined && source !== "api")
    return { reason: "Infeasible", message: "In-place resize of static-pods is not supported" };
  for (const [name, read] of RESOURCES) {
    const requested = requestSum(pod, name, read);
    const capacity = read(allocatable[name] ?? "0");
    if (requested > capacity) {
      const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
      return { reason: "Infeasible", message };
    }
  }
  for (const [name, read] of RESOURCES) {
    const requested = requestSum(pod, name, read);
    const capacity = read(allocatable[name] ?? "0");
    const used = others.reduce((total, other) => total + requestSum(other, name, read), 0);
    if (requested > capacity - used) {
      const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
      return { reason: "Deferred", message };
    }
  }
  return undefined;
}
