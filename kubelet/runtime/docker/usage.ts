/** What containers use, from the Engine's counters: pure. */
import type { ContainerUsage } from "../runtime.ts";
import { unpackLabels } from "./docker-labels.ts";
import type { WireListedContainer, WireStats } from "./engine-wire.ts";
import { timeMs } from "./observe.ts";

/** Names of the same counters in cgroup v1 (of the whole group) and v2. */
const INACTIVE_FILE = ["total_inactive_file", "inactive_file"];
const RSS = ["total_rss", "anon"];

export function usageFrom(container: WireListedContainer, stats: WireStats, filesystemBytes: number): ContainerUsage {
  const { usage = 0, stats: counters = {} } = stats.memory_stats;
  const first = (names: readonly string[]): number => names.map((name) => counters[name]).find(isGiven) ?? 0;
  return {
    containerId: container.Id,
    labels: unpackLabels(container.Labels ?? {}).labels,
    timestampMs: timeMs(stats.read),
    cpuNanoSeconds: stats.cpu_stats.cpu_usage.total_usage,
    workingSetBytes: Math.max(0, usage - first(INACTIVE_FILE)),
    usageBytes: usage,
    rssBytes: first(RSS),
    filesystemUsedBytes: filesystemBytes,
    filesystemInodesUsed: 0,
  };
}

const isGiven = (value: number | undefined): value is number => value !== undefined;
