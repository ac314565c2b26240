/** `/metrics/cadvisor`: what dashboards of containers read, with cAdvisor's names and labels: pure. */
import type { Container } from "../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../shared/machinery/quantity.ts";
import { GIT_VERSION } from "../../shared/process/version.ts";
import { cpuQuota, cpuShares } from "../containers/resources.ts";
import { metricFamily, type Sample } from "./metrics-text.ts";
import { type ContainerStats, type InterfaceStats, type NodeStats, type PodStats, sumOf } from "./node-stats.ts";

const CPU_PERIOD_US = 100_000;

interface Family<T> {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly more?: Readonly<Record<string, string>>;
  /** Undefined: there is no such sample. */
  readonly read: (item: T) => number | undefined;
}

interface OneContainer {
  readonly stats: ContainerStats;
  readonly spec: Pick<Container, "resources"> | undefined;
}

const family = <T>(
  name: string,
  type: "counter" | "gauge",
  help: string,
  read: (item: T) => number | undefined,
  more: Readonly<Record<string, string>> = {},
): Family<T> => ({ name, type, help, read, more });

const limitOf = ({ spec }: OneContainer, resource: string): string | undefined => spec?.resources?.limits?.[resource];
const requestOf = ({ spec }: OneContainer, resource: string): string | undefined =>
  spec?.resources?.requests?.[resource];

/** What a pod as a whole has, too: cAdvisor shows its control group with an empty container label. */
const USAGE: readonly Family<OneContainer>[] = [
  family(
    "container_cpu_usage_seconds_total",
    "counter",
    "Cumulative cpu time consumed in seconds.",
    ({ stats }) => stats.usage.cpuNanoSeconds / 1e9,
    { cpu: "total" },
  ),
  family(
    "container_memory_usage_bytes",
    "gauge",
    "Current memory usage in bytes, including all memory.",
    (one) => one.stats.usage.usageBytes,
  ),
  family(
    "container_memory_working_set_bytes",
    "gauge",
    "Current working set in bytes.",
    (one) => one.stats.usage.workingSetBytes,
  ),
  family("container_memory_rss", "gauge", "Size of RSS in bytes.", ({ stats }) => stats.usage.rssBytes),
  family("container_memory_cache", "gauge", "Number of bytes of page cache memory.", ({ stats: { usage } }) =>
    Math.max(0, usage.usageBytes - usage.rssBytes),
  ),
  family(
    "container_processes",
    "gauge",
    "Number of processes running inside the container.",
    ({ stats }) => stats.processes,
  ),
];

const SPEC: readonly Family<OneContainer>[] = [
  family("container_spec_cpu_period", "gauge", "CPU period of the container.", () => CPU_PERIOD_US),
  family("container_spec_cpu_quota", "gauge", "CPU quota of the container.", (one) => {
    const limit = limitOf(one, "cpu");
    return limit === undefined ? undefined : cpuQuota(milliValue(limit));
  }),
  family("container_spec_cpu_shares", "gauge", "CPU share of the container.", (one) =>
    cpuShares(milliValue(requestOf(one, "cpu") ?? limitOf(one, "cpu") ?? "0")),
  ),
  family("container_spec_memory_limit_bytes", "gauge", "Memory limit for the container.", (one) =>
    value(limitOf(one, "memory") ?? "0"),
  ),
];

const FILES: readonly Family<OneContainer>[] = [
  family(
    "container_fs_usage_bytes",
    "gauge",
    "Number of bytes that are consumed by the container.",
    ({ stats }) => stats.usage.filesystemUsedBytes,
  ),
  family("container_fs_inodes_total", "gauge", "Number of Inodes", ({ stats }) => stats.usage.filesystemInodesUsed),
];

const MOMENTS: readonly Family<OneContainer>[] = [
  family(
    "container_start_time_seconds",
    "gauge",
    "Start time of the container since unix epoch in seconds.",
    (one) => one.stats.startedAtMs / 1000,
  ),
  family("container_last_seen", "gauge", "Last time a container was seen by the exporter", ({ stats }) =>
    Math.floor(stats.usage.timestampMs / 1000),
  ),
];

const network = (
  direction: "receive" | "transmit",
  what: string,
  read: (one: InterfaceStats) => number,
): Family<InterfaceStats> =>
  family(
    `container_network_${direction}_${what}_total`,
    "counter",
    `Cumulative count of ${what.replaceAll("_", " ")} ${direction === "receive" ? "received" : "transmitted"}`,
    read,
  );

const NETWORK: readonly Family<InterfaceStats>[] = [
  network("receive", "bytes", ({ receivedBytes }) => receivedBytes),
  network("receive", "packets", ({ receivedPackets }) => receivedPackets),
  network("receive", "errors", ({ receiveErrors }) => receiveErrors),
  network("receive", "packets_dropped", ({ receiveDropped }) => receiveDropped),
  network("transmit", "bytes", ({ sentBytes }) => sentBytes),
  network("transmit", "packets", ({ sentPackets }) => sentPackets),
  network("transmit", "errors", ({ sendErrors }) => sendErrors),
  network("transmit", "packets_dropped", ({ sendDropped }) => sendDropped),
];

function labelsOf(pod: PodStats, container?: ContainerStats): Record<string, string> {
  const { metadata } = pod.pod;
  const id = container?.usage.containerId ?? "";
  return {
    container: container?.name ?? "",
    id: id === "" ? pod.cgroup : `${pod.cgroup}/${id}`,
    image: container?.image ?? "",
    name: id,
    namespace: metadata.namespace ?? "",
    pod: metadata.name,
  };
}

function containerSamples(pods: readonly PodStats[], { read, more }: Family<OneContainer>): Sample[] {
  return pods.flatMap((pod) =>
    pod.containers.flatMap((stats) => {
      const spec = [...(pod.pod.spec.initContainers ?? []), ...pod.pod.spec.containers].find(
        ({ name }) => name === stats.name,
      );
      const found = read({ stats, spec });
      return found === undefined ? [] : [{ labels: { ...labelsOf(pod, stats), ...more }, value: found }];
    }),
  );
}

function podSamples(pods: readonly PodStats[], { read, more }: Family<OneContainer>): Sample[] {
  return pods.map((pod) => ({
    labels: { ...labelsOf(pod), ...more },
    value: sumOf(pod.containers, (stats) => read({ stats, spec: undefined }) ?? 0),
  }));
}

function networkSamples(pods: readonly PodStats[], { read }: Family<InterfaceStats>): Sample[] {
  return pods.flatMap((pod) =>
    pod.interfaces.map((one) => ({ labels: { ...labelsOf(pod), interface: one.name }, value: read(one) ?? 0 })),
  );
}

const text = (one: { name: string; type: "counter" | "gauge"; help: string }, samples: readonly Sample[]): string =>
  metricFamily(one.name, one.type, one.help, samples);

export function cadvisorMetrics(stats: NodeStats): string {
  const { pods } = stats;
  const fsLabels = { device: "", id: "/", container: "", image: "", name: "", namespace: "", pod: "" };
  const machine = (name: string, help: string, amount: number): string =>
    metricFamily(name, "gauge", help, [{ labels: {}, value: amount }]);
  return [
    metricFamily("cadvisor_version_info", "gauge", "A metric with a constant '1' value labeled by versions.", [
      { labels: { cadvisorRevision: "", cadvisorVersion: GIT_VERSION, dockerVersion: "" }, value: 1 },
    ]),
    ...USAGE.map((one) => text(one, [...podSamples(pods, one), ...containerSamples(pods, one)])),
    ...[...SPEC, ...FILES, ...MOMENTS].map((one) => text(one, containerSamples(pods, one))),
    metricFamily("container_fs_limit_bytes", "gauge", "Number of bytes that can be consumed by the container.", [
      { labels: fsLabels, value: stats.nodeDisk.capacityBytes },
    ]),
    ...NETWORK.map((one) => text(one, networkSamples(pods, one))),
    machine("machine_cpu_cores", "Number of logical CPU cores.", stats.cpus),
    machine("machine_memory_bytes", "Amount of memory installed on the machine.", stats.memoryBytes),
    machine("container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", 0),
  ].join("");
}
