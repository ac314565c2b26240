/** `/metrics/resource`, which metrics-server reads: pure. Upstream: `pkg/kubelet/metrics/collectors/resource_metrics.go`. */
import { metricFamily, type Sample } from "./metrics-text.ts";
import { type ContainerStats, type NodeStats, type PodStats, sumOf } from "./node-stats.ts";

const podLabels = ({ pod: { metadata } }: PodStats) => ({ namespace: metadata.namespace ?? "", pod: metadata.name });

export function resourceMetrics({ pods, cpuSeconds, memoryBytes, availableMemoryBytes }: NodeStats): string {
  const perContainer = (read: (container: ContainerStats) => number): Sample[] =>
    pods.flatMap((pod) =>
      pod.containers.map((container) => ({
        labels: { container: container.name, ...podLabels(pod) },
        value: read(container),
      })),
    );
  const perPod = (read: (container: ContainerStats) => number): Sample[] =>
    pods.map((pod) => ({ labels: podLabels(pod), value: sumOf(pod.containers, read) }));
  const seconds = ({ usage }: ContainerStats): number => usage.cpuNanoSeconds / 1e9;
  const memory = ({ usage }: ContainerStats): number => usage.workingSetBytes;
  const plain = (value: number): Sample[] => [{ labels: {}, value }];
  return [
    metricFamily(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      perContainer(seconds),
    ),
    metricFamily(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      perContainer(memory),
    ),
    metricFamily(
      "container_start_time_seconds",
      "gauge",
      "Start time of the container since unix epoch in seconds",
      perContainer(({ startedAtMs }) => startedAtMs / 1000),
    ),
    metricFamily(
      "node_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the node in core-seconds",
      plain(cpuSeconds),
    ),
    metricFamily(
      "node_memory_working_set_bytes",
      "gauge",
      "Current working set of the node in bytes",
      plain(memoryBytes - availableMemoryBytes),
    ),
    metricFamily(
      "pod_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the pod in core-seconds",
      perPod(seconds),
    ),
    metricFamily("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes", perPod(memory)),
    metricFamily(
      "resource_scrape_error",
      "gauge",
      "1 if there was an error while getting container metrics, 0 otherwise",
      plain(0),
    ),
  ].join("");
}
