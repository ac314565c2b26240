import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { Registry } from "../../shared/process/metrics.ts";
import { cadvisorMetrics } from "./cadvisor-metrics.ts";
import { CpuRates } from "./cpu-rates.ts";
import { metricFamily } from "./metrics-text.ts";
import type { ContainerStats, NodeStats } from "./node-stats.ts";
import { parseInterfaces } from "./read-stats.ts";
import { resourceMetrics } from "./resource-metrics.ts";
import { registerVolumeMetrics } from "./volume-metrics.ts";
import { statsSummary } from "./stats-summary.ts";

const disk = { capacityBytes: 1000, availableBytes: 400, inodes: 100, inodesFree: 60 };

const container = (name: string): ContainerStats => ({
  name,
  usage: {
    containerId: `id-${name}`,
    labels: {},
    timestampMs: 2000,
    cpuNanoSeconds: 1_500_000_000,
    workingSetBytes: 10,
    usageBytes: 30,
    rssBytes: 5,
    filesystemUsedBytes: 7,
    filesystemInodesUsed: 2,
  },
  cpuNanoCores: 100,
  startedAtMs: 1000,
  image: "registry/web:1",
  processes: 3,
  logs: { usedBytes: 4, inodes: 1 },
});

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop", uid: "u" },
  spec: {
    containers: [
      { name: "a", image: "i", resources: { limits: { cpu: "500m", memory: "1Mi" } } },
      { name: "b", image: "i" },
    ],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: "claim" } }],
  },
};

const stats: NodeStats = {
  nodeName: "n",
  nowMs: 3000,
  startedAtMs: 0,
  cpus: 2,
  memoryBytes: 100,
  availableMemoryBytes: 40,
  cpuSeconds: 9,
  cpuNanoCores: undefined,
  processes: { running: 5, max: 50 },
  interfaces: [],
  nodeDisk: disk,
  imageDisk: disk,
  imageUsedBytes: 77,
  pods: [
    {
      pod,
      startedAtMs: 1000,
      containers: [container("a"), container("b")],
      interfaces: parseInterfaces([
        "Inter-|",
        "  eth0: 11 2 3 4 0 0 0 0 55 6 7 8 0 0 0 0",
        "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0",
      ]),
      volumes: new Map([
        ["scratch", { usedBytes: 100, inodes: 9, isMemory: false }],
        ["fast", { usedBytes: 1000, inodes: 1, isMemory: true }],
      ]),
      claims: [{ name: "data", claimName: "claim", disk }],
      cgroup: "/kubepods/burstable/podu",
    },
  ],
};

describe("/stats/summary", () => {
  it("adds up containers and volumes on disk, and names claims", () => {
    expect(statsSummary(stats, false)).toMatchObject({
      node: {
        nodeName: "n",
        cpu: { usageCoreNanoSeconds: 9_000_000_000 },
        memory: { availableBytes: 40, workingSetBytes: 60 },
        fs: { capacityBytes: 1000, usedBytes: 600, inodesUsed: 40 },
        runtime: { imageFs: { usedBytes: 77 } },
        rlimit: { maxpid: 50, curproc: 5 },
      },
      pods: [
        {
          podRef: { name: "web", namespace: "shop", uid: "u" },
          startTime: "1970-01-01T00:00:01Z",
          cpu: { usageNanoCores: 200, usageCoreNanoSeconds: 3_000_000_000 },
          memory: { workingSetBytes: 20, usageBytes: 60, rssBytes: 10 },
          network: { name: "eth0", rxBytes: 11, rxErrors: 3, txBytes: 55, txErrors: 7, interfaces: [{ name: "eth0" }] },
          "ephemeral-storage": { usedBytes: 2 * (7 + 4) + 100, inodesUsed: 2 * (2 + 1) + 9 },
          process_stats: { process_count: 6 },
          volume: [
            { name: "scratch", usedBytes: 100 },
            { name: "fast" },
            { name: "data", usedBytes: 600, pvcRef: { name: "claim", namespace: "shop" } },
          ],
        },
      ],
    });
  });

  it("leaves out all but processors and memory when that is asked", () => {
    const short = JSON.stringify(statsSummary(stats, true));
    expect(short).toContain("workingSetBytes");
    for (const word of ["rootfs", "logs", "network", "volume", '"fs"', "rlimit"]) expect(short).not.toContain(word);
  });
});

describe("metrics of containers", () => {
  it("have the names and labels that metrics-server reads", () => {
    const lines = resourceMetrics(stats).split("\n");
    expect(lines).toContain('container_cpu_usage_seconds_total{container="a",namespace="shop",pod="web"} 1.5');
    expect(lines).toContain('pod_memory_working_set_bytes{namespace="shop",pod="web"} 20');
    expect(lines).toContain("node_memory_working_set_bytes 60");
    expect(lines).toContain("resource_scrape_error 0");
  });

  it("have the names and labels that dashboards read from cAdvisor", () => {
    const lines = cadvisorMetrics(stats).split("\n");
    const one =
      'container="a",id="/kubepods/burstable/podu/id-a",image="registry/web:1",name="id-a",namespace="shop",pod="web"';
    const all = 'container="",id="/kubepods/burstable/podu",image="",name="",namespace="shop",pod="web"';
    expect(lines).toContain(`container_cpu_usage_seconds_total{${one},cpu="total"} 1.5`);
    expect(lines).toContain(`container_cpu_usage_seconds_total{${all},cpu="total"} 3`);
    expect(lines).toContain(`container_memory_working_set_bytes{${one}} 10`);
    expect(lines).toContain(`container_spec_cpu_quota{${one}} 50000`);
    expect(lines).toContain(`container_spec_memory_limit_bytes{${one}} 1048576`);
    expect(lines).toContain(`container_fs_usage_bytes{${one}} 7`);
    expect(lines).toContain(`container_network_receive_bytes_total{${all},interface="eth0"} 11`);
    expect(lines).toContain(`container_network_transmit_packets_dropped_total{${all},interface="eth0"} 8`);
    expect(lines).toContain("machine_cpu_cores 2");
    expect(lines.filter((line) => line.startsWith("container_spec_cpu_quota{"))).toHaveLength(1);
  });

  it("cannot be broken by what a label says", () => {
    const text = metricFamily("m", "gauge", "help", [{ labels: { a: 'x"} 1\nevil 1', b: "\\" }, value: 0 }]);
    expect(text).toBe('# HELP m help\n# TYPE m gauge\nm{a="x\\"} 1\\nevil 1",b="\\\\"} 0\n');
    expect(metricFamily("m", "gauge", "help", [])).toBe("");
  });
});

describe("metrics of claims", () => {
  it("are told once for each claim, whoever uses it", async () => {
    const registry = new Registry();
    const claim = { name: "data", claimName: "claim", disk };
    registerVolumeMetrics(registry, () => [
      { pod, claim },
      { pod, claim },
    ]);
    const text = await registry.metrics();
    expect(text).toContain('kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="claim"} 400');
    expect(text).toContain('kubelet_volume_stats_inodes_used{namespace="shop",persistentvolumeclaim="claim"} 40');
    expect(text.match(/^kubelet_volume_stats_used_bytes\{/gm)).toHaveLength(1);
  });
});

describe("CpuRates", () => {
  it("compares looks that are a second apart, and starts again when a counter was reset", () => {
    const rates = new CpuRates();
    expect(rates.rate("c", 1_000_000_000, 0)).toBeUndefined();
    expect(rates.rate("c", 1_100_000_000, 500)).toBeUndefined();
    expect(rates.rate("c", 1_500_000_000, 2000)).toBe(250_000_000);
    expect(rates.rate("c", 1_600_000_000, 2100)).toBe(250_000_000);
    expect(rates.rate("c", 0, 4000)).toBeUndefined();
  });
});
