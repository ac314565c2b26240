/**
 * In which order pods have to go: pure. Upstream: `pkg/kubelet/eviction/helpers.go`. First those that use more than
 * they asked for, then the lowest priority, then who is furthest above its request.
 */
import { podRequests } from "../../shared/machinery/pod-requests.ts";
import { type DiskPart, diskBytesOf, inodesOf, memoryOf, processesOf, type UsedPod } from "./pod-usage.ts";
import type { Signal, StarvedResource } from "./thresholds.ts";

type Compare = (a: UsedPod, b: UsedPod) => number;

const priority = ({ pod }: UsedPod): number => pod.spec.priority ?? 0;
const lowerPriorityFirst: Compare = (a, b) => priority(a) - priority(b);

function requestOf({ pod }: UsedPod, resource: StarvedResource): number {
  return podRequests(pod).resources.get(resource) ?? 0;
}

/** Beyond what was asked for; nothing is asked for inodes and processes. */
const excess =
  (resource: StarvedResource, read: (pod: UsedPod) => number) =>
  (pod: UsedPod): number =>
    read(pod) - requestOf(pod, resource);

function byExcess(measure: (pod: UsedPod) => number, ranksOverFirst: boolean): Compare {
  const isOver = (pod: UsedPod): number => (ranksOverFirst && measure(pod) > 0 ? 0 : 1);
  return (a, b) => isOver(a) - isOver(b) || lowerPriorityFirst(a, b) || measure(b) - measure(a);
}

/** What of pods' files makes a file system full, by where images and containers are. */
function diskParts(signal: Signal, hasImageFs: boolean): readonly DiskPart[] {
  if (!hasImageFs) return ["rootfs", "logs", "localVolumes"];
  return signal.startsWith("nodefs") ? ["logs", "localVolumes"] : ["rootfs"];
}

/** `pods` in the order in which they are to be evicted for this signal. */
export function rankPods<T extends UsedPod>(
  pods: readonly T[],
  signal: Signal,
  resource: StarvedResource,
  hasImageFs: boolean,
): T[] {
  const parts = diskParts(signal, hasImageFs);
  switch (resource) {
    case "memory":
      return pods.toSorted(
        byExcess(
          excess(resource, ({ use }) => memoryOf(use)),
          true,
        ),
      );
    case "ephemeral-storage":
      return pods.toSorted(
        byExcess(
          excess(resource, ({ use }) => diskBytesOf(use, parts)),
          true,
        ),
      );
    case "inodes":
      return pods.toSorted(
        byExcess(
          excess(resource, ({ use }) => inodesOf(use, parts)),
          true,
        ),
      );
    case "pids":
      return pods.toSorted(byExcess(({ use }) => processesOf(use), false));
  }
}
