/**
 * What a pod's own control group allows: pure. Upstream: `pkg/kubelet/cm/helpers_linux.go` ResourceConfigForPod,
 * `component-helpers/resource` PodLimits.
 */
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { amountOf, podRequests } from "../../shared/machinery/pod-requests.ts";
import { hugePageLimits } from "../containers/huge-pages.ts";
import { CPU_SHARES_MIN, cpuQuota, cpuShares } from "../containers/resources.ts";
import type { RunSettings } from "../containers/run-settings.ts";
import { podQosClass } from "../pods/qos.ts";
import type { HugePageLimit } from "../runtime/runtime.ts";

/** What is left out stays as the kernel has it. */
export interface GroupResources {
  readonly cpuShares: number;
  /** 0: no limit. */
  readonly cpuQuotaUs: number;
  readonly cpuPeriodUs: number;
  /** 0: no limit. */
  readonly memoryLimitBytes: number;
  /** 0: no limit. */
  readonly pidsMax: number;
  readonly hugePageLimits: readonly HugePageLimit[];
}

type Amounts = Map<string, number>;

function limitsOf({ resources }: Container): Amounts {
  return amountsOf(resources?.limits);
}

function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]));
}

function sum(one: Amounts, other: Amounts): Amounts {
  const total = new Map(one);
  for (const [name, amount] of other) total.set(name, (total.get(name) ?? 0) + amount);
  return total;
}

function larger(one: Amounts, other: Amounts): Amounts {
  const total = new Map(one);
  for (const [name, amount] of other) total.set(name, Math.max(total.get(name) ?? 0, amount));
  return total;
}

/** Limits of the containers that run together, or of an init container and the sidecars before it: the larger. */
function podLimits(pod: Pod): Amounts {
  let sidecars: Amounts = new Map();
  let peak: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const own = sum(sidecars, limitsOf(container));
    if (container.restartPolicy === "Always") sidecars = own;
    peak = larger(peak, own);
  }
  const main = pod.spec.containers.reduce<Amounts>((total, one) => sum(total, limitsOf(one)), sidecars);
  const limits = larger(main, peak);
  for (const [name, amount] of amountsOf(pod.spec.resources?.limits)) limits.set(name, amount);
  // What the sandbox costs only counts where there is a limit to raise.
  for (const [name, amount] of amountsOf(pod.spec.overhead))
    if ((limits.get(name) ?? 0) > 0) limits.set(name, (limits.get(name) ?? 0) + amount);
  return limits;
}

/** Every container has this limit, or the pod as a whole: only then the pod has one. */
function isLimited(pod: Pod, name: string): boolean {
  if ((amountsOf(pod.spec.resources?.limits).get(name) ?? 0) > 0) return true;
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return all.every((container) => (limitsOf(container).get(name) ?? 0) > 0);
}

export function podResources(pod: Pod, settings: RunSettings): GroupResources {
  const limits = podLimits(pod);
  const isBestEffort = podQosClass(pod) === "BestEffort";
  const limitOf = (name: string): number => (!isBestEffort && isLimited(pod, name) ? (limits.get(name) ?? 0) : 0);
  const pages = Object.fromEntries([...limits].map(([name, amount]) => [name, String(amount)]));
  return {
    cpuShares: isBestEffort ? CPU_SHARES_MIN : cpuShares(podRequests(pod).resources.get("cpu") ?? 0),
    cpuQuotaUs: settings.hasCpuQuota ? cpuQuota(limitOf("cpu"), settings.cpuPeriodUs) : 0,
    cpuPeriodUs: settings.cpuPeriodUs,
    memoryLimitBytes: limitOf("memory"),
    pidsMax: settings.podPidsMax,
    hugePageLimits: hugePageLimits(pages, settings.hugePageSizes),
  };
}
