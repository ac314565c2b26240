/**
 * A volume of a pod as plugins see it: its own source, or the persistent volume behind its claim.
 * Upstream: `desired_state_of_world_populator.go` createVolumeSpec.
 */
import type {
  Container,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from "../../shared/api/generated/core/v1.ts";
import { isControlledBy } from "../../shared/machinery/ownership.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import type { StorageObjects } from "./storage-objects.ts";
import { VolumeSpecError } from "./volume-error.ts";

export interface VolumeSpec {
  readonly volume: Volume;
  readonly persistentVolume?: PersistentVolume | undefined;
  readonly claim?: PersistentVolumeClaim | undefined;
  /** What folders and messages are named after: the persistent volume, or the pod's own name for it. */
  readonly name: string;
  /** The pod asked for it with `persistentVolumeClaim.readOnly`. */
  readonly isReadOnly: boolean;
  readonly mode: "Filesystem" | "Block";
}

export interface VolumeUse {
  readonly isMounted: boolean;
  readonly isDevice: boolean;
}

/** Which volumes the containers of a pod use, and how. */
export function volumeUses({ spec }: Pod): ReadonlyMap<string, VolumeUse> {
  const uses = new Map<string, VolumeUse>();
  const containers: readonly Pick<Container, "volumeMounts" | "volumeDevices">[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  const note = (name: string, use: Partial<VolumeUse>): void => {
    uses.set(name, { ...(uses.get(name) ?? { isMounted: false, isDevice: false }), ...use });
  };
  for (const { volumeMounts = [], volumeDevices = [] } of containers) {
    for (const { name } of volumeMounts) note(name, { isMounted: true });
    for (const { name } of volumeDevices) note(name, { isDevice: true });
  }
  return uses;
}

/** The claim that is made for a pod's ephemeral volume. */
export function ephemeralClaimName(pod: Pod, volume: Volume): string {
  return `${pod.metadata.name}-${volume.name}`;
}

/** Rejects with `VolumeSpecError` as long as the claim is not in order. */
export async function volumeSpec(
  pod: Pod,
  volume: Volume,
  use: VolumeUse,
  objects: StorageObjects,
): Promise<VolumeSpec> {
  const claimName =
    volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : ephemeralClaimName(pod, volume);
  if (claimName === undefined) return { volume, name: volume.name, isReadOnly: false, mode: "Filesystem" };
  const namespace = pod.metadata.namespace ?? "";
  let claim: PersistentVolumeClaim;
  let persistentVolume: PersistentVolume;
  try {
    claim = await boundClaim(pod, volume, namespace, claimName, objects);
    persistentVolume = await volumeOf(claim, objects);
  } catch (error) {
    throw new VolumeSpecError(`error processing PVC ${namespace}/${claimName}: ${messageOf(error)}`, { cause: error });
  }
  const mode = persistentVolume.spec?.volumeMode === "Block" ? "Block" : "Filesystem";
  if (use.isMounted && mode === "Block")
    throw new VolumeSpecError(`volume ${volume.name} has volumeMode ${mode}, but is specified in volumeMounts`);
  if (use.isDevice && mode === "Filesystem")
    throw new VolumeSpecError(`volume ${volume.name} has volumeMode ${mode}, but is specified in volumeDevices`);
  const isReadOnly = volume.persistentVolumeClaim?.readOnly === true;
  return { volume, claim, persistentVolume, name: persistentVolume.metadata.name, isReadOnly, mode };
}

async function boundClaim(
  pod: Pod,
  volume: Volume,
  namespace: string,
  name: string,
  objects: StorageObjects,
): Promise<PersistentVolumeClaim> {
  const claim = await objects.claim(namespace, name).catch((error: unknown) => {
    throw new Error(`failed to fetch PVC from API server: ${messageOf(error)}`, { cause: error });
  });
  // Somebody's own claim under the name of ours must not become the pod's scratch space.
  if (volume.ephemeral !== undefined && !isControlledBy(claim, pod)) {
    const podText = `${namespace}/${pod.metadata.name}`;
    throw new Error(`PVC ${namespace}/${name} was not created for pod ${podText} (pod is not owner)`);
  }
  if (claim.metadata.deletionTimestamp !== undefined) throw new Error("PVC is being deleted");
  if (claim.status?.phase !== "Bound") throw new Error("PVC is not bound");
  if ((claim.spec?.volumeName ?? "") === "") throw new Error("PVC has empty pvc.Spec.VolumeName");
  return claim;
}

async function volumeOf(claim: PersistentVolumeClaim, objects: StorageObjects): Promise<PersistentVolume> {
  const name = claim.spec?.volumeName ?? "";
  const volume = await objects.volume(name).catch((error: unknown) => {
    throw new Error(`failed to fetch PV ${name} from API server: ${messageOf(error)}`, { cause: error });
  });
  const owner = volume.spec?.claimRef;
  if (owner === undefined) {
    throw new Error(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  }
  if (owner.uid !== claim.metadata.uid) {
    throw new Error(
      `found PV object ${name} but its pv.Spec.ClaimRef.UID ${owner.uid} does not point to claim.UID ${claim.metadata.uid}`,
    );
  }
  return volume;
}
