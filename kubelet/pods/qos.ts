/** Quality-of-service class of a pod: pure. Upstream: `pkg/apis/core/v1/helper/qos`. */
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { compareQuantities, milliValue } from "../../shared/machinery/quantity.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const COMPUTE_RESOURCES = ["cpu", "memory"] as const;

function isSet(quantity: string | undefined): quantity is string {
  return quantity !== undefined && milliValue(quantity) > 0;
}

/** Request of a container; a limit without a request counts as one. */
export function requestOf(container: Pick<Container, "resources">, resource: string): string | undefined {
  const { requests, limits } = container.resources ?? {};
  return requests?.[resource] ?? limits?.[resource];
}

export function podQosClass(pod: Pod): QosClass {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass as QosClass;
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const isBestEffort = containers.every(({ resources }) =>
    COMPUTE_RESOURCES.every((name) => !isSet(resources?.requests?.[name]) && !isSet(resources?.limits?.[name])),
  );
  if (isBestEffort) return "BestEffort";
  const isGuaranteed = containers.every((container) =>
    COMPUTE_RESOURCES.every((name) => {
      const limit = container.resources?.limits?.[name];
      const request = requestOf(container, name);
      return isSet(limit) && request !== undefined && compareQuantities(limit, request) === 0;
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
