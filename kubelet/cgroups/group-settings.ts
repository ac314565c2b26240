/** Resources as the files of control groups, versions 1 and 2: pure. Upstream: `opencontainers/cgroups` fs and fs2. */
import { CPU_SHARES_MAX, CPU_SHARES_MIN } from "../containers/resources.ts";
import type { GroupResources } from "./pod-resources.ts";

export interface GroupFile {
  /** Version 1 has a tree per controller. */
  readonly controller: string;
  readonly file: string;
  readonly content: string;
}

const WEIGHT_MAX = 10_000;

/** Version 2 counts from 1 to 10,000 what version 1 counts from 2 to 262,144. */
export function cpuWeight(shares: number): number {
  const span = (CPU_SHARES_MAX - CPU_SHARES_MIN) / (WEIGHT_MAX - 1);
  return Math.floor(1 + (Math.min(CPU_SHARES_MAX, Math.max(CPU_SHARES_MIN, shares)) - CPU_SHARES_MIN) / span);
}

export function groupFiles(resources: GroupResources, isUnified: boolean): GroupFile[] {
  return isUnified ? unifiedFiles(resources) : legacyFiles(resources);
}

function file(controller: string, name: string, content: string | number): GroupFile {
  return { controller, file: `${controller}.${name}`, content: String(content) };
}

/** The period comes before the quota: the kernel judges both together. */
function legacyFiles(resources: GroupResources): GroupFile[] {
  return [
    file("cpu", "shares", resources.cpuShares),
    file("cpu", "cfs_period_us", resources.cpuPeriodUs),
    file("cpu", "cfs_quota_us", resources.cpuQuotaUs === 0 ? -1 : resources.cpuQuotaUs),
    file("memory", "limit_in_bytes", resources.memoryLimitBytes === 0 ? -1 : resources.memoryLimitBytes),
    file("pids", "max", resources.pidsMax === 0 ? "max" : resources.pidsMax),
    ...resources.hugePageLimits.map(({ pageSize, limitBytes }) =>
      file("hugetlb", `${pageSize}.limit_in_bytes`, limitBytes),
    ),
  ];
}

function unifiedFiles(resources: GroupResources): GroupFile[] {
  const quota = resources.cpuQuotaUs === 0 ? "max" : resources.cpuQuotaUs;
  return [
    file("cpu", "weight", cpuWeight(resources.cpuShares)),
    file("cpu", "max", `${quota} ${resources.cpuPeriodUs}`),
    file("memory", "max", resources.memoryLimitBytes === 0 ? "max" : resources.memoryLimitBytes),
    file("pids", "max", resources.pidsMax === 0 ? "max" : resources.pidsMax),
    ...resources.hugePageLimits.map(({ pageSize, limitBytes }) => file("hugetlb", `${pageSize}.max`, limitBytes)),
  ];
}
