/** `/stats/summary` and `/metrics/resource` from the runtime's counters: pure. Upstream: `pkg/kubelet/server/stats`. */
import { rfc3339 } from "../../shared/process/clock.ts";
import type { DiskInfo } from "../node/machine.ts";
import { CONTAINER_NAME_LABEL, POD_NAME_LABEL, POD_NAMESPACE_LABEL, POD_UID_LABEL } from "../runtime/labels.ts";
import type { ContainerUsage } from "../runtime/runtime.ts";

export interface StatsInput {
  readonly nodeName: string;
  readonly nowMs: number;
  readonly containers: readonly ContainerUsage[];
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  /** Processor time of the whole machine since it started. */
  readonly nodeCpuSeconds: number;
  readonly startedAtMs: number;
  readonly disk: DiskInfo;
}

interface PodUsage {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly containers: ContainerUsage[];
}

function byPod(containers: readonly ContainerUsage[]): PodUsage[] {
  const pods = new Map<string, PodUsage>();
  for (const container of containers) {
    const { labels } = container;
    const uid = labels[POD_UID_LABEL] ?? "";
    const pod = pods.get(uid) ?? {
      uid,
      name: labels[POD_NAME_LABEL] ?? "",
      namespace: labels[POD_NAMESPACE_LABEL] ?? "",
      containers: [],
    };
    pod.containers.push(container);
    pods.set(uid, pod);
  }
  return [...pods.values()];
}

function containerStats(usage: ContainerUsage): object {
  const time = rfc3339(usage.timestampMs);
  return {
    name: usage.labels[CONTAINER_NAME_LABEL] ?? "",
    startTime: time,
    cpu: { time, usageCoreNanoSeconds: usage.cpuNanoSeconds },
    memory: { time, workingSetBytes: usage.workingSetBytes, usageBytes: usage.usageBytes, rssBytes: usage.rssBytes },
    rootfs: { time, usedBytes: usage.filesystemUsedBytes, inodesUsed: usage.filesystemInodesUsed },
  };
}

const sum = (containers: readonly ContainerUsage[], read: (usage: ContainerUsage) => number): number =>
  containers.reduce((total, usage) => total + read(usage), 0);

export function statsSummary(input: StatsInput): object {
  const time = rfc3339(input.nowMs);
  const { disk } = input;
  return {
    node: {
      nodeName: input.nodeName,
      startTime: rfc3339(input.startedAtMs),
      cpu: { time, usageCoreNanoSeconds: Math.floor(input.nodeCpuSeconds * 1e9) },
      memory: {
        time,
        availableBytes: input.availableMemoryBytes,
        usageBytes: input.memoryBytes - input.availableMemoryBytes,
        workingSetBytes: input.memoryBytes - input.availableMemoryBytes,
      },
      fs: {
        time,
        availableBytes: disk.availableBytes,
        capacityBytes: disk.capacityBytes,
        usedBytes: disk.capacityBytes - disk.availableBytes,
        inodesFree: disk.inodesFree,
        inodes: disk.inodes,
        inodesUsed: disk.inodes - disk.inodesFree,
      },
    },
    pods: byPod(input.containers).map((pod) => ({
      podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
      startTime: rfc3339(input.startedAtMs),
      containers: pod.containers.map(containerStats),
      cpu: { time, usageCoreNanoSeconds: sum(pod.containers, (usage) => usage.cpuNanoSeconds) },
      memory: { time, workingSetBytes: sum(pod.containers, (usage) => usage.workingSetBytes) },
    })),
  };
}

/** A family of samples: one line each, `labels` already formatted. */
function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

export function resourceMetrics(input: StatsInput): string {
  const pods = byPod(input.containers);
  const containerLabels = ({ labels }: ContainerUsage): string =>
    `{container="${labels[CONTAINER_NAME_LABEL] ?? ""}",namespace="${labels[POD_NAMESPACE_LABEL] ?? ""}",pod="${labels[POD_NAME_LABEL] ?? ""}"}`;
  const podLabels = ({ name, namespace }: PodUsage): string => `{namespace="${namespace}",pod="${name}"}`;
  const cpuSeconds = (usage: ContainerUsage): number => usage.cpuNanoSeconds / 1e9;
  const memory = (usage: ContainerUsage): number => usage.workingSetBytes;
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      input.containers.map((c) => [containerLabels(c), cpuSeconds(c)]),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      input.containers.map((c) => [containerLabels(c), memory(c)]),
    ),
    family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds", [
      ["", input.nodeCpuSeconds],
    ]),
    family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes", [
      ["", input.memoryBytes - input.availableMemoryBytes],
    ]),
    family(
      "pod_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the pod in core-seconds",
      pods.map((p) => [podLabels(p), sum(p.containers, cpuSeconds)]),
    ),
    family(
      "pod_memory_working_set_bytes",
      "gauge",
      "Current working set of the pod in bytes",
      pods.map((p) => [podLabels(p), sum(p.containers, memory)]),
    ),
    family("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise", [
      ["", 0],
    ]),
  ].join("");
}
