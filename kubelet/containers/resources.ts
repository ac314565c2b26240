/**
 * Resources of one container as the kernel takes them: pure. Upstream: `kuberuntime_container_linux.go`,
 * `pkg/kubelet/cm/helpers_linux.go`, `pkg/kubelet/qos/policy.go`.
 */
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../shared/machinery/quantity.ts";
import { podQosClass } from "../pods/qos.ts";
import type { ContainerResourcesSpec } from "../runtime/runtime.ts";
import { hugePageLimits } from "./huge-pages.ts";
import type { RunSettings } from "./run-settings.ts";

const CPU_PERIOD_US = 100_000;
const CPU_QUOTA_MIN_US = 1000;
export const CPU_SHARES_MIN = 2;
export const CPU_SHARES_MAX = 262_144;
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
export function cpuQuota(milliCpu: number, periodUs = CPU_PERIOD_US): number {
  if (milliCpu === 0) return 0;
  return Math.max(CPU_QUOTA_MIN_US, Math.floor((milliCpu * periodUs) / 1000));
}

type WithResources = Pick<Container, "resources">;

/** Memory that a container may count on: its own request, and its part of what the pod as a whole asked for. */
function countedMemory(pod: Pod, container: WithResources): number {
  const requestOf = ({ resources }: WithResources): number => value(resources?.requests?.["memory"] ?? "0");
  const ofPod = pod.spec.resources?.requests?.["memory"];
  if (ofPod === undefined) return requestOf(container);
  const all = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  const rest = Math.max(0, value(ofPod) - all.reduce((total, one) => total + requestOf(one), 0));
  return requestOf(container) + Math.floor(rest / all.length);
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";

export function oomScoreAdjust(
  pod: Pod,
  container: WithResources & { readonly name?: string },
  memoryCapacityBytes: number,
): number {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return GUARANTEED_OOM_SCORE;
  const qos = podQosClass(pod);
  if (qos === "Guaranteed") return GUARANTEED_OOM_SCORE;
  if (qos === "BestEffort") return BEST_EFFORT_OOM_SCORE;
  const scoreOf = (one: WithResources): number =>
    1000 - Math.floor((1000 * countedMemory(pod, one)) / memoryCapacityBytes);
  const isOfSidecar = (pod.spec.initContainers ?? []).some((one) => isSidecar(one) && one.name === container.name);
  // A sidecar is not killed before the containers that it serves.
  const score = isOfSidecar ? Math.min(scoreOf(container), ...pod.spec.containers.map(scoreOf)) : scoreOf(container);
  return Math.min(BEST_EFFORT_OOM_SCORE - 1, Math.max(1000 + GUARANTEED_OOM_SCORE, score));
}

export function containerResources(
  pod: Pod,
  container: WithResources & { readonly name?: string },
  settings: RunSettings,
): ContainerResourcesSpec {
  const { requests, limits } = container.resources ?? {};
  const limitOf = (name: string): string => limits?.[name] ?? pod.spec.resources?.limits?.[name] ?? "0";
  const cpuLimit = milliValue(limitOf("cpu"));
  const cpuRequest = requests?.["cpu"] === undefined ? cpuLimit : milliValue(requests["cpu"]);
  return {
    cpuPeriod: settings.hasCpuQuota ? settings.cpuPeriodUs : 0,
    cpuQuota: settings.hasCpuQuota ? cpuQuota(cpuLimit, settings.cpuPeriodUs) : 0,
    cpuShares: cpuShares(cpuRequest),
    memoryLimitBytes: value(limitOf("memory")),
    oomScoreAdj: oomScoreAdjust(pod, container, settings.memoryCapacityBytes),
    hugePageLimits: hugePageLimits(limits, settings.hugePageSizes),
    unified: settings.isUnified && !settings.isOomKillSingle ? { "memory.oom.group": "1" } : {},
  };
}
