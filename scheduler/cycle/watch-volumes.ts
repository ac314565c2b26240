/** Wakes the pods that wait for volumes (upstream: the event hints of the volume plugins). */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import { claimKeyOf, claimsOf } from "../../shared/machinery/claims.ts";
import { type KubeObject, objectKey } from "../../shared/resources/resource.ts";
import type { ClusterEvent } from "../framework/plugin.ts";
import type { SchedulingQueue } from "../queue/scheduling-queue.ts";
import type { VolumeInformers, VolumeSnapshot } from "../snapshot/volume-snapshot.ts";

const uses = (pod: Pod, claimKey: string): boolean =>
  claimsOf(pod).some(({ claimName }) => `${pod.metadata.namespace ?? ""}/${claimName}` === claimKey);

export function watchVolumes(informers: VolumeInformers, queue: SchedulingQueue, volumes: VolumeSnapshot): void {
  /** New and changed objects may help; what is gone helps nobody. */
  const watch = <T extends KubeObject>(
    informer: Informer<T>,
    event: ClusterEvent,
    concerns: (object: T) => ((pod: Pod) => boolean) | undefined = () => undefined,
  ): void => {
    const wake = (object: T): void => {
      volumes.noteChange();
      queue.wake([event], concerns(object));
    };
    informer.addHandlers({ onAdd: wake, onUpdate: wake, onDelete: () => volumes.noteChange() });
  };
  watch(informers.claims, "PersistentVolumeClaimChanged", (claim: PersistentVolumeClaim) => {
    const key = objectKey(claim);
    return (pod) => uses(pod, key);
  });
  watch(informers.volumes, "PersistentVolumeChanged", (volume: PersistentVolume) => {
    const key = claimKeyOf(volume);
    return key === "" ? undefined : (pod) => uses(pod, key);
  });
  watch(informers.classes, "StorageClassChanged");
  watch(informers.nodes, "CSINodeChanged");
  watch(informers.drivers, "CSIDriverChanged");
  watch(informers.capacities, "CSIDriverChanged");
}
