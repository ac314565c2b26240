/** The volumes that pods need attached to their node. Pure. */
import { createHash } from "node:crypto";
import type { CSIPersistentVolumeSource, PersistentVolume, Pod } from "../../../shared/api/generated/core/v1.ts";
import { claimsOf, isFullyBound } from "../../../shared/machinery/claims.ts";
import { isFinished } from "../../pods/pod-state.ts";
import type { AttachWorld } from "./plan.ts";

export interface WantedVolume {
  readonly name: string;
  readonly volume: PersistentVolume;
  readonly csi: CSIPersistentVolumeSource;
  readonly pods: readonly Pod[];
}

/** Name of the attachment of a volume to a node, the same for whoever makes it. */
export function attachmentName({ volumeHandle, driver }: CSIPersistentVolumeSource, nodeName: string): string {
  return `csi-${createHash("sha256").update(`${volumeHandle}${driver}${nodeName}`).digest("hex")}`;
}

/** How nodes speak of the volume in their status. */
export const uniqueName = ({ driver, volumeHandle }: CSIPersistentVolumeSource): string =>
  `kubernetes.io/csi/${driver}^${volumeHandle}`;

/** By the name of the attachment. */
export function wantedOn(nodeName: string, onNode: readonly Pod[], world: AttachWorld): Map<string, WantedVolume> {
  const wanted = new Map<string, WantedVolume>();
  for (const pod of onNode) {
    if (isDone(pod)) continue;
    for (const { claimName } of claimsOf(pod)) {
      const volume = volumeOf(pod.metadata.namespace, claimName, world);
      const csi = volume?.spec.csi;
      if (volume === undefined || csi === undefined || !isAttached(csi, world)) continue;
      const name = attachmentName(csi, nodeName);
      wanted.set(name, { name, volume, csi, pods: [...(wanted.get(name)?.pods ?? []), pod] });
    }
  }
  return wanted;
}

/** Drivers that nobody described have their volumes attached. */
const isAttached = ({ driver }: CSIPersistentVolumeSource, { drivers }: AttachWorld): boolean =>
  drivers.get(undefined, driver)?.spec.attachRequired !== false;

function volumeOf(namespace: string | undefined, claimName: string, world: AttachWorld): PersistentVolume | undefined {
  const claim = world.claims.get(namespace, claimName);
  if (claim === undefined || !isFullyBound(claim)) return undefined;
  const volume = world.volumes.get(undefined, claim.spec.volumeName ?? "");
  return volume?.spec.claimRef?.uid === claim.metadata.uid ? volume : undefined;
}

/** It has ended, or is being deleted and no container of it runs any more. */
function isDone(pod: Pod): boolean {
  if (isFinished(pod)) return true;
  if (pod.metadata.deletionTimestamp === undefined) return false;
  return (pod.status?.containerStatuses ?? []).every(({ state }) => state?.terminated !== undefined);
}
