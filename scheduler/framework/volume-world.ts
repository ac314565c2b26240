import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from "../../shared/api/generated/storage/v1.ts";

/** What is to be written before a pod can be bound to the node that was chosen for it. */
export interface VolumeDecision {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims whose volumes are to be made for that node. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** Claims and volumes as plugins see them: with what was decided for other pods and is not written yet. */
export interface VolumeWorld {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** The volumes that name the claim, and those that nobody has, of its class. */
  volumesFor(claim: PersistentVolumeClaim): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  capacitiesOf(storageClassName: string): readonly CSIStorageCapacity[];
  /** Pods that have a node and use the claim. */
  placedPodsUsing(namespace: string, claimName: string): readonly Pod[];
  placedPodsOn(nodeName: string): readonly Pod[];
}

/** A cluster without volumes. */
export const NO_VOLUMES: VolumeWorld = {
  claim: () => undefined,
  volume: () => undefined,
  volumesFor: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  capacitiesOf: () => [],
  placedPodsUsing: () => [],
  placedPodsOn: () => [],
};
