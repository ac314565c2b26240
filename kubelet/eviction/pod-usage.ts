/** What a pod uses of what the node may run out of. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";

export interface ContainerUse {
  readonly memoryBytes: number;
  readonly rootfsBytes: number;
  readonly rootfsInodes: number;
  readonly logBytes: number;
  readonly logInodes: number;
  readonly processes: number;
}

export interface VolumeUse {
  readonly usedBytes: number;
  readonly inodes: number;
  /** In memory: it counts as the pod's memory, not as disk. */
  readonly isMemory: boolean;
}

export interface PodUse {
  readonly containers: ReadonlyMap<string, ContainerUse>;
  /** Volumes on the node's own disk or in its memory, by name. */
  readonly volumes: ReadonlyMap<string, VolumeUse>;
}

export interface UsedPod {
  readonly pod: Pod;
  readonly use: PodUse;
}

export const NO_USE: PodUse = { containers: new Map(), volumes: new Map() };

const total = <T>(items: Iterable<T>, read: (item: T) => number): number => {
  let sum = 0;
  for (const item of items) sum += read(item);
  return sum;
};

export function memoryOf({ containers }: PodUse): number {
  return total(containers.values(), ({ memoryBytes }) => memoryBytes);
}

export function processesOf({ containers }: PodUse): number {
  return total(containers.values(), ({ processes }) => processes);
}

/** Which parts of a pod's files lie on the disk that is full. */
export type DiskPart = "rootfs" | "logs" | "localVolumes";

export function diskBytesOf({ containers, volumes }: PodUse, parts: readonly DiskPart[]): number {
  const onDisk = [...volumes.values()].filter(({ isMemory }) => !isMemory);
  return (
    (parts.includes("rootfs") ? total(containers.values(), ({ rootfsBytes }) => rootfsBytes) : 0) +
    (parts.includes("logs") ? total(containers.values(), ({ logBytes }) => logBytes) : 0) +
    (parts.includes("localVolumes") ? total(onDisk, ({ usedBytes }) => usedBytes) : 0)
  );
}

export function inodesOf({ containers, volumes }: PodUse, parts: readonly DiskPart[]): number {
  const onDisk = [...volumes.values()].filter(({ isMemory }) => !isMemory);
  return (
    (parts.includes("rootfs") ? total(containers.values(), ({ rootfsInodes }) => rootfsInodes) : 0) +
    (parts.includes("logs") ? total(containers.values(), ({ logInodes }) => logInodes) : 0) +
    (parts.includes("localVolumes") ? total(onDisk, ({ inodes }) => inodes) : 0)
  );
}
