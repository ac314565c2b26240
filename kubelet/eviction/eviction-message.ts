/** Why a pod was evicted, in upstream's words: pure. Upstream: `pkg/kubelet/eviction/helpers.go` evictionMessage. */
import { canonicalResourceQuantity, value } from "../../shared/machinery/quantity.ts";
import type { Observations } from "./assess.ts";
import type { ContainerUse, UsedPod } from "./pod-usage.ts";
import { bytesText } from "./storage-limits.ts";
import { amountOf, SIGNALS, type StarvedResource, type Threshold } from "./thresholds.ts";

function usedBy(use: ContainerUse, resource: StarvedResource): number | undefined {
  if (resource === "memory") return use.memoryBytes;
  if (resource === "ephemeral-storage") return use.rootfsBytes + use.logBytes;
  return undefined;
}

function thresholdText(resource: StarvedResource, due: readonly Threshold[], observations: Observations): string {
  const threshold = due.find(({ signal }) => SIGNALS[signal].resource === resource);
  const seen = threshold === undefined ? undefined : observations.get(threshold.signal);
  if (threshold === undefined || seen === undefined) return "";
  const isBytes = resource === "memory" || resource === "ephemeral-storage";
  const text = (amount: number): string => (isBytes ? bytesText(amount) : String(amount));
  const quantity =
    "quantity" in threshold.value ? threshold.value.quantity : text(amountOf(threshold.value, seen.capacity));
  return `Threshold quantity: ${quantity}, available: ${text(seen.available)}. `;
}

function containerText({ pod, use }: UsedPod, resource: StarvedResource): string {
  return pod.spec.containers
    .map(({ name, resources }) => {
      const request = resources?.requests?.[resource] ?? "0";
      const own = use.containers.get(name);
      const used = own === undefined ? undefined : usedBy(own, resource);
      if (used === undefined || used <= value(request)) return "";
      const asked = canonicalResourceQuantity(request);
      return `Container ${name} was using ${bytesText(used)}, request is ${asked}, has larger consumption of ${resource}. `;
    })
    .join("");
}

export function evictionMessage(
  pod: UsedPod,
  resource: StarvedResource,
  due: readonly Threshold[],
  observations: Observations,
): string {
  const low = `The node was low on resource: ${resource}. `;
  return low + thresholdText(resource, due, observations) + containerText(pod, resource);
}
