/** What the server's pages tell of the node and its pods: read once per request, shown in several forms. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { VolumeUse } from "../eviction/pod-usage.ts";
import type { DiskInfo } from "../node/machine.ts";
import type { TreeSize } from "../node/tree-size.ts";
import type { ContainerUsage } from "../runtime/runtime.ts";

export interface InterfaceStats {
  readonly name: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receiveErrors: number;
  readonly receiveDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sendErrors: number;
  readonly sendDropped: number;
}

export interface ContainerStats {
  readonly name: string;
  readonly usage: ContainerUsage;
  /** Thousand-millionths of a core over the last time; undefined at the first look. */
  readonly cpuNanoCores: number | undefined;
  readonly startedAtMs: number;
  readonly image: string;
  readonly processes: number;
  readonly logs: TreeSize;
}

/** A claim of the pod: a file system of its own. */
export interface ClaimStats {
  /** Of the volume in the pod. */
  readonly name: string;
  readonly claimName: string;
  readonly disk: DiskInfo;
}

export interface PodStats {
  readonly pod: Pod;
  readonly startedAtMs: number;
  readonly containers: readonly ContainerStats[];
  /** Of the pod's own network; empty in the node's. */
  readonly interfaces: readonly InterfaceStats[];
  readonly volumes: ReadonlyMap<string, VolumeUse>;
  readonly claims: readonly ClaimStats[];
  /** Path of its control group below the tree's root. */
  readonly cgroup: string;
}

export interface NodeStats {
  readonly nodeName: string;
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  /** Processor time of the whole machine since it started. */
  readonly cpuSeconds: number;
  readonly cpuNanoCores: number | undefined;
  readonly processes: { readonly running: number; readonly max: number };
  readonly interfaces: readonly InterfaceStats[];
  readonly nodeDisk: DiskInfo;
  readonly imageDisk: DiskInfo;
  readonly imageUsedBytes: number;
  readonly pods: readonly PodStats[];
}

export const sumOf = <T>(items: readonly T[], read: (item: T) => number): number =>
  items.reduce((total, item) => total + read(item), 0);
