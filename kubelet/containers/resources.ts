/** A container's resources as the kernel understands them: pure. Upstream: `kuberuntime_container_linux.go`, `qos/policy.go`. */
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../shared/machinery/quantity.ts";
import { podQosClass, requestOf } from "../pods/qos.ts";
import type { ContainerResourcesSpec } from "../runtime/runtime.ts";

const CPU_PERIOD_US = 100_000;
const CPU_QUOTA_MIN_US = 1000;
const CPU_SHARES_MIN = 2;
const CPU_SHARES_MAX = 262_144;
const CPU_SHARES_PER_CPU = 1024;

/** Pods of this priority or more are kept alive like guaranteed ones. */
const CRITICAL_PRIORITY = 2_000_000_000;
const GUARANTEED_OOM_SCORE = -997;
const BEST_EFFORT_OOM_SCORE = 1000;

export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return CPU_SHARES_MIN;
  return Math.min(CPU_SHARES_MAX, Math.max(CPU_SHARES_MIN, Math.floor((milliCpu * CPU_SHARES_PER_CPU) / 1000)));
}

/** 0 means no limit. */
export function cpuQuota(milliCpu: number): number {
  if (milliCpu === 0) return 0;
  return Math.max(CPU_QUOTA_MIN_US, Math.floor((milliCpu * CPU_PERIOD_US) / 1000));
}

export function oomScoreAdjust(pod: Pod, container: Pick<Container, "resources">, memoryCapacityBytes: number): number {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return GUARANTEED_OOM_SCORE;
  const qos = podQosClass(pod);
  if (qos === "Guaranteed") return GUARANTEED_OOM_SCORE;
  if (qos === "BestEffort") return BEST_EFFORT_OOM_SCORE;
  const requestBytes = value(container.resources?.requests?.["memory"] ?? "0");
  const score = 1000 - Math.floor((1000 * requestBytes) / memoryCapacityBytes);
  return Math.min(BEST_EFFORT_OOM_SCORE - 1, Math.max(1000 + GUARANTEED_OOM_SCORE, score));
}

export function containerResources(
  pod: Pod,
  container: Pick<Container, "resources">,
  memoryCapacityBytes: number,
): ContainerResourcesSpec {
  const limits = container.resources?.limits;
  return {
    cpuPeriod: CPU_PERIOD_US,
    cpuQuota: cpuQuota(milliValue(limits?.["cpu"] ?? "0")),
    cpuShares: cpuShares(milliValue(requestOf(container, "cpu") ?? "0")),
    memoryLimitBytes: value(limits?.["memory"] ?? "0"),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacityBytes),
  };
}
