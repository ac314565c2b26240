/** Who ends when the machine goes down, and in how much time: pure. Upstream: `pkg/kubelet/nodeshutdown`. */
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";

export interface ShutdownGroup {
  /** Pods of at least this priority, and of less than the next group's. */
  readonly priority: number;
  readonly graceMs: number;
}

const CRITICAL_PRIORITY = 2_000_000_000;

function configured(groups: unknown): ShutdownGroup[] {
  if (!Array.isArray(groups)) return [];
  return (groups as { priority?: unknown; shutdownGracePeriodSeconds?: unknown }[])
    .map(({ priority, shutdownGracePeriodSeconds: seconds }) => ({
      priority: typeof priority === "number" ? priority : 0,
      graceMs: typeof seconds === "number" ? seconds * 1000 : 0,
    }))
    .toSorted((a, b) => a.priority - b.priority);
}

/** The lowest first; empty when pods are not ended by the kubelet. */
export function shutdownGroups(
  settings: Pick<
    KubeletConfiguration,
    "shutdownGracePeriod" | "shutdownGracePeriodCriticalPods" | "shutdownGracePeriodByPodPriority"
  >,
): ShutdownGroup[] {
  const { shutdownGracePeriod: allMs, shutdownGracePeriodCriticalPods: criticalMs } = settings;
  if (allMs === 0) return configured(settings.shutdownGracePeriodByPodPriority);
  return [
    { priority: 0, graceMs: allMs - criticalMs },
    { priority: CRITICAL_PRIORITY, graceMs: criticalMs },
  ];
}

/** Items by group, the lowest first; what is below all groups goes with the lowest. */
export function byGroup<T>(
  groups: readonly ShutdownGroup[],
  items: readonly T[],
  priorityOf: (item: T) => number,
): { readonly group: ShutdownGroup; readonly items: readonly T[] }[] {
  const indexOf = (item: T): number =>
    Math.max(
      0,
      groups.findLastIndex(({ priority }) => priorityOf(item) >= priority),
    );
  return groups.map((group, index) => ({ group, items: items.filter((item) => indexOf(item) === index) }));
}
