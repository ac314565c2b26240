/** Deletes the volumes whose claims are gone (upstream: external-provisioner, sig-storage-lib `deleteVolumeOperation`). */
import type { PersistentVolume } from "../../shared/api/generated/core/v1.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import { PROVISIONED_BY } from "../../shared/machinery/claims.ts";
import { persistentVolumes } from "../../shared/resources/catalog.ts";
import { topologyKeyOf } from "../driver-name.ts";
import { PROVISIONER_FINALIZER } from "./provision-plan.ts";
import { keepDoing, type SidecarContext } from "./sidecar.ts";

/** True for a volume of this driver on this node. */
export function isHere(volume: PersistentVolume, driverName: string, nodeName: string): boolean {
  if (volume.spec.csi?.driver !== driverName) return false;
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const key = topologyKeyOf(driverName);
  return terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some((each) => each.key === key && each.values?.includes(nodeName) === true),
  );
}

export type VolumeWork = "delete" | "protect" | "unprotect" | "nothing";

/** What is to be done about a volume of ours. */
export function workOn({ metadata, spec, status }: PersistentVolume, driverName: string): VolumeWork {
  if (metadata.annotations?.[PROVISIONED_BY] !== driverName) return "nothing";
  const isProtected = metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true;
  const isDeleted = metadata.deletionTimestamp !== undefined;
  if (spec.persistentVolumeReclaimPolicy !== "Delete") return isProtected ? "unprotect" : "nothing";
  // Without the finalizer, what it stood for is deleted already.
  if (status?.phase === "Released" || status?.phase === "Failed")
    return isDeleted && !isProtected ? "nothing" : "delete";
  return isProtected || isDeleted ? "nothing" : "protect";
}

export async function runDeleter(context: SidecarContext, recorder: EventRecorder): Promise<void> {
  const { client, driver, driverName, nodeName, volumes, signal } = context;
  const isWork = (volume: PersistentVolume): boolean =>
    isHere(volume, driverName, nodeName) && workOn(volume, driverName) !== "nothing";
  const putFinalizers = (volume: PersistentVolume, finalizers: string[]): Promise<PersistentVolume> =>
    client.update(persistentVolumes, { ...volume, metadata: { ...volume.metadata, finalizers } }, { signal });
  const others = ({ metadata }: PersistentVolume): string[] =>
    (metadata.finalizers ?? []).filter((name) => name !== PROVISIONER_FINALIZER);

  const remove = async (volume: PersistentVolume): Promise<void> => {
    try {
      await driver.call("DeleteVolume", { volumeId: volume.spec.csi?.volumeHandle ?? "" }, { signal });
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err);
      if (!signal.aborted) recorder.event(volume, "Warning", "VolumeFailedDelete", why);
      throw err;
    }
    const { uid, name } = volume.metadata;
    try {
      const left = await client.delete(persistentVolumes, { name }, { preconditions: { uid } }, signal);
      const isKept = left?.metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true;
      if (left !== undefined && isKept) await putFinalizers(left, others(left));
    } catch (err) {
      if (!isNotFound(err)) throw err;
    }
  };
  await keepDoing(context, "deleting a volume", volumes, isWork, async (volume) => {
    const work = workOn(volume, driverName);
    if (work === "delete") await remove(volume);
    else if (work === "protect") await putFinalizers(volume, [...others(volume), PROVISIONER_FINALIZER]);
    else if (work === "unprotect") await putFinalizers(volume, others(volume));
  });
}
