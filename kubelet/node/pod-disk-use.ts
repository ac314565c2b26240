/** What pods use of the node: memory and files from the runtime, logs and local volumes from the disk. */
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ContainerUse, PodUse, VolumeUse } from "../eviction/pod-usage.ts";
import { CONTAINER_NAME_LABEL, POD_UID_LABEL } from "../runtime/labels.ts";
import type { ContainerUsage } from "../runtime/runtime.ts";
import type { KubeletPaths } from "./kubelet-paths.ts";
import { treeSize } from "./tree-size.ts";

/** Running containers of the runtime's report, by pod. */
export function usageByPod(usage: readonly ContainerUsage[]): ReadonlyMap<string, readonly ContainerUsage[]> {
  const pods = new Map<string, ContainerUsage[]>();
  for (const one of usage) {
    const uid = one.labels[POD_UID_LABEL] ?? "";
    pods.set(uid, [...(pods.get(uid) ?? []), one]);
  }
  return pods;
}

async function containerUse(
  paths: KubeletPaths,
  { metadata }: Pod,
  name: string,
  usage: ContainerUsage,
): Promise<ContainerUse> {
  const logs = await treeSize(join(paths.podLogs(metadata.namespace ?? "", metadata.name, metadata.uid ?? ""), name));
  return {
    memoryBytes: usage.workingSetBytes,
    rootfsBytes: usage.filesystemUsedBytes,
    rootfsInodes: usage.filesystemInodesUsed,
    logBytes: logs.usedBytes,
    logInodes: logs.inodes,
    processes: 0,
  };
}

async function volumeUse(paths: KubeletPaths, pod: Pod): Promise<Map<string, VolumeUse>> {
  const volumes = (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
  const measured = await Promise.all(
    volumes.map(async ({ name, emptyDir }): Promise<[string, VolumeUse]> => {
      const size = await treeSize(paths.volume(pod.metadata.uid ?? "", "empty-dir", name));
      return [name, { ...size, isMemory: (emptyDir?.medium ?? "") !== "" }];
    }),
  );
  return new Map(measured);
}

/** Reads the disk: not for every pod every second. */
export async function measurePod(paths: KubeletPaths, pod: Pod, usage: readonly ContainerUsage[]): Promise<PodUse> {
  const named = usage.map((one) => ({ name: one.labels[CONTAINER_NAME_LABEL] ?? "", one }));
  const [containers, volumes] = await Promise.all([
    Promise.all(
      named.map(
        async ({ name, one }): Promise<[string, ContainerUse]> => [name, await containerUse(paths, pod, name, one)],
      ),
    ),
    volumeUse(paths, pod),
  ]);
  return { containers: new Map(containers), volumes };
}
