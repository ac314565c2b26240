/** `/stats/summary`: pure. Upstream: `staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1`. */
import { rfc3339 } from "../../shared/process/clock.ts";
import type { DiskInfo } from "../node/machine.ts";
import { type ContainerStats, type InterfaceStats, type NodeStats, type PodStats, sumOf } from "./node-stats.ts";

function disk(time: string, info: DiskInfo, usedBytes: number, inodesUsed: number): object {
  return {
    time,
    availableBytes: info.availableBytes,
    capacityBytes: info.capacityBytes,
    usedBytes,
    inodesFree: info.inodesFree,
    inodes: info.inodes,
    inodesUsed,
  };
}

const wholeDisk = (time: string, info: DiskInfo): object =>
  disk(time, info, info.capacityBytes - info.availableBytes, info.inodes - info.inodesFree);

function network(time: string, interfaces: readonly InterfaceStats[]): object | undefined {
  const shown = interfaces.map(({ name, receivedBytes, receiveErrors, sentBytes, sendErrors }) => ({
    name,
    rxBytes: receivedBytes,
    rxErrors: receiveErrors,
    txBytes: sentBytes,
    txErrors: sendErrors,
  }));
  const [first] = shown;
  return first === undefined ? undefined : { time, ...first, interfaces: shown };
}

const cpu = (time: string, nanoSeconds: number, nanoCores: number | undefined): object => ({
  time,
  ...(nanoCores === undefined ? {} : { usageNanoCores: nanoCores }),
  usageCoreNanoSeconds: Math.floor(nanoSeconds),
});

function container(stats: ContainerStats, node: NodeStats, isShort: boolean): object {
  const { usage } = stats;
  const time = rfc3339(usage.timestampMs);
  const short = {
    name: stats.name,
    startTime: rfc3339(stats.startedAtMs),
    cpu: cpu(time, usage.cpuNanoSeconds, stats.cpuNanoCores),
    memory: {
      time,
      usageBytes: usage.usageBytes,
      workingSetBytes: usage.workingSetBytes,
      rssBytes: usage.rssBytes,
    },
  };
  if (isShort) return short;
  return {
    ...short,
    rootfs: disk(time, node.imageDisk, usage.filesystemUsedBytes, usage.filesystemInodesUsed),
    logs: disk(time, node.nodeDisk, stats.logs.usedBytes, stats.logs.inodes),
  };
}

/** Undefined when one of them is: a sum of some would be wrong. */
function nanoCores(containers: readonly ContainerStats[]): number | undefined {
  return containers.reduce<number | undefined>(
    (total, one) => (total === undefined || one.cpuNanoCores === undefined ? undefined : total + one.cpuNanoCores),
    0,
  );
}

function pod(stats: PodStats, node: NodeStats, isShort: boolean): object {
  const time = rfc3339(node.nowMs);
  const { metadata } = stats.pod;
  const { containers, volumes } = stats;
  const ofPod = network(time, stats.interfaces);
  const short = {
    podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
    startTime: rfc3339(stats.startedAtMs),
    containers: containers.map((one) => container(one, node, isShort)),
    cpu: cpu(
      time,
      sumOf(containers, ({ usage }) => usage.cpuNanoSeconds),
      nanoCores(containers),
    ),
    memory: {
      time,
      usageBytes: sumOf(containers, ({ usage }) => usage.usageBytes),
      workingSetBytes: sumOf(containers, ({ usage }) => usage.workingSetBytes),
      rssBytes: sumOf(containers, ({ usage }) => usage.rssBytes),
    },
  };
  if (isShort) return short;
  const onDisk = [...volumes.values()].filter(({ isMemory }) => !isMemory);
  const used =
    sumOf(containers, ({ usage, logs }) => usage.filesystemUsedBytes + logs.usedBytes) +
    sumOf(onDisk, ({ usedBytes }) => usedBytes);
  const inodes =
    sumOf(containers, ({ usage, logs }) => usage.filesystemInodesUsed + logs.inodes) +
    sumOf(onDisk, (volume) => volume.inodes);
  return {
    ...short,
    ...(ofPod === undefined ? {} : { network: ofPod }),
    volume: [
      ...[...volumes].map(([name, { usedBytes, inodes: inodesUsed }]) => ({
        ...disk(time, node.nodeDisk, usedBytes, inodesUsed),
        name,
      })),
      ...stats.claims.map(({ name, claimName, disk: own }) => ({
        ...wholeDisk(time, own),
        name,
        pvcRef: { name: claimName, namespace: metadata.namespace },
      })),
    ],
    "ephemeral-storage": disk(time, node.nodeDisk, used, inodes),
    process_stats: { process_count: sumOf(containers, ({ processes }) => processes) },
    swap: { time, swapUsageBytes: 0 },
  };
}

/** `isShort`: only processors and memory, as `?only_cpu_and_memory=true` asks. */
export function statsSummary(stats: NodeStats, isShort: boolean): object {
  const time = rfc3339(stats.nowMs);
  const used = stats.memoryBytes - stats.availableMemoryBytes;
  const node = {
    nodeName: stats.nodeName,
    startTime: rfc3339(stats.startedAtMs),
    cpu: cpu(time, stats.cpuSeconds * 1e9, stats.cpuNanoCores),
    memory: {
      time,
      availableBytes: stats.availableMemoryBytes,
      usageBytes: used,
      workingSetBytes: used,
    },
  };
  const pods = stats.pods.map((one) => pod(one, stats, isShort));
  if (isShort) return { node, pods };
  const ofNode = network(time, stats.interfaces);
  return {
    node: {
      ...node,
      ...(ofNode === undefined ? {} : { network: ofNode }),
      fs: wholeDisk(time, stats.nodeDisk),
      runtime: {
        imageFs: disk(time, stats.imageDisk, stats.imageUsedBytes, stats.imageDisk.inodes - stats.imageDisk.inodesFree),
        containerFs: wholeDisk(time, stats.imageDisk),
      },
      rlimit: { time, maxpid: stats.processes.max, curproc: stats.processes.running },
    },
    pods,
  };
}
