/** How many volumes of a CSI driver a node can have (upstream: `plugins/nodevolumelimits`). */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { claimsOf, storageClassNameOf } from "../../shared/machinery/claims.ts";
import { definePlugin, type Plugin } from "../framework/plugin.ts";
import type { VolumeWorld } from "../framework/volume-world.ts";

/** Volumes by driver: handles, or the claims that will have one. */
type ByDriver = Map<string, Set<string>>;

function volumesOf(pod: Pod, world: VolumeWorld, into: ByDriver): ByDriver {
  const namespace = pod.metadata.namespace ?? "";
  const add = (driver: string, volume: string): void => {
    const volumes = into.get(driver) ?? new Set<string>();
    into.set(driver, volumes.add(volume));
  };
  for (const { claimName } of claimsOf(pod)) {
    const claim = world.claim(namespace, claimName);
    if (claim === undefined) continue;
    const volume = world.volume(claim.spec.volumeName ?? "");
    if (volume === undefined) {
      const provisioner = world.storageClass(storageClassNameOf(claim))?.provisioner;
      if (provisioner !== undefined) add(provisioner, `${namespace}/${claimName}`);
    } else if (volume.spec.csi !== undefined) {
      add(volume.spec.csi.driver, volume.spec.csi.volumeHandle);
    }
  }
  return into;
}

/** The first driver that has no more room on the node, with the numbers. */
function exceeded(
  wanted: ByDriver,
  nodeName: string,
  world: VolumeWorld,
): { driver: string; limit: number; volumes: number } | undefined {
  const drivers = world.csiNode(nodeName)?.spec.drivers ?? [];
  const limits = drivers.flatMap(({ name, allocatable }) =>
    allocatable?.count !== undefined && wanted.has(name) ? [{ driver: name, limit: allocatable.count }] : [],
  );
  if (limits.length === 0) return undefined;
  const present: ByDriver = new Map();
  for (const pod of world.placedPodsOn(nodeName)) volumesOf(pod, world, present);
  for (const { driver, limit } of limits) {
    const before = present.get(driver) ?? new Set<string>();
    const added = wanted.get(driver)?.difference(before) ?? new Set<string>();
    const volumes = before.size + added.size;
    if (added.size > 0 && volumes > limit) return { driver, limit, volumes };
  }
  return undefined;
}

export const nodeVolumeLimits = (world: VolumeWorld): Plugin =>
  definePlugin<ByDriver>({
    name: "NodeVolumeLimits",
    wakesOn: ["CSINodeChanged", "AssignedPodDeleted", "PersistentVolumeClaimChanged"],
    prepare: (pod) => {
      if (pod.spec.volumes === undefined) return undefined;
      const wanted = volumesOf(pod, world, new Map());
      return wanted.size === 0 ? undefined : wanted;
    },
    filter: (wanted, nodes, candidates) => {
      for (let index = candidates.next(0); index >= 0; index = candidates.next(index + 1)) {
        if (exceeded(wanted, nodes.names[index] ?? "", world) !== undefined) candidates.delete(index);
      }
    },
    explain: (wanted, nodes, index) => ({
      reasons: ["node(s) exceed max volume count"],
      isResolvable: true,
      numbers: exceeded(wanted, nodes.names[index] ?? "", world),
    }),
  });
