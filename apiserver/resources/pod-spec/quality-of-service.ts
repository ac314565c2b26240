import type { PodSpec } from "../../../shared/api/generated/core/v1.ts";
import { compareQuantities, milliValue } from "../../../shared/machinery/quantity.ts";

const COMPUTE = ["cpu", "memory"] as const;

/** `Guaranteed`, `Burstable` or `BestEffort` (`pkg/apis/core/v1/helper/qos`). */
export function qualityOfService(spec: PodSpec): string {
  const podLevel = spec.resources;
  const sets =
    podLevel !== undefined && (podLevel.requests !== undefined || podLevel.limits !== undefined)
      ? [podLevel]
      : [...(spec.initContainers ?? []), ...spec.containers].map((container) => container.resources ?? {});
  const asked = sets.some((set) =>
    COMPUTE.some((name) => isPositive(set.requests?.[name]) || isPositive(set.limits?.[name])),
  );
  if (!asked) return "BestEffort";
  const isGuaranteed = sets.every((set) =>
    COMPUTE.every((name) => {
      const limit = set.limits?.[name];
      const request = set.requests?.[name] ?? limit;
      return (
        limit !== undefined && request !== undefined && isPositive(limit) && compareQuantities(limit, request) === 0
      );
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

function isPositive(quantity: string | undefined): boolean {
  return quantity !== undefined && milliValue(quantity) > 0;
}
