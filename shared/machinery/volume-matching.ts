/** Which volume a claim gets (upstream: `FindMatchingVolume` in `component-helpers/storage/volume/pv_helpers.go`). */
import type { PersistentVolume, PersistentVolumeClaim } from "../api/generated/core/v1.ts";
import { capacityOf, isBoundTo, requestOf, storageClassNameOf } from "./claims.ts";
import { selectorOf } from "./label-selector.ts";
import { compareQuantities } from "./quantity.ts";

export const hasVolumeMode = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec.volumeMode ?? "Filesystem") === (volume.spec.volumeMode ?? "Filesystem");

export const hasAccessModes = (claim: PersistentVolumeClaim, { spec }: PersistentVolume): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode) === true);

export const isLargeEnough = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  compareQuantities(capacityOf(volume), requestOf(claim)) >= 0;

const attributesClassOf = ({ spec }: PersistentVolumeClaim | PersistentVolume): string =>
  spec.volumeAttributesClassName ?? "";

/** Why a claim cannot have the volume that its user asked for; undefined when it can. */
export function whyUnsuitable(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) {
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`;
  }
  if (!isLargeEnough(claim, volume)) return "requested PV is too small";
  if (storageClassNameOf(volume) !== storageClassNameOf(claim)) return "storageClassName does not match";
  if (attributesClassOf(volume) !== attributesClassOf(claim)) return "volumeAttributesClassName does not match";
  if (!hasVolumeMode(claim, volume)) return "incompatible volumeMode";
  if (!hasAccessModes(claim, volume)) return "incompatible accessMode";
  return undefined;
}

/** The first of `suitableVolumes`. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  return suitableVolumes(claim, volumes).at(0);
}

/**
 * The volume that names the claim, alone; otherwise all that nobody has and that fit, those with the fewest access
 * modes first, and the smallest first among them.
 */
export function suitableVolumes(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): readonly PersistentVolume[] {
  const possible = volumes.filter(
    (volume) =>
      volume.metadata.deletionTimestamp === undefined &&
      hasVolumeMode(claim, volume) &&
      attributesClassOf(volume) === attributesClassOf(claim) &&
      hasAccessModes(claim, volume) &&
      isLargeEnough(claim, volume),
  );
  const prebound = possible.find((volume) => isBoundTo(volume, claim));
  return prebound === undefined ? fromSmallest(possible.filter((volume) => isFree(claim, volume))) : [prebound];
}

/** True when nobody has the volume, and class and labels are those that the claim wants. */
function isFree(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  if (volume.spec.claimRef !== undefined || storageClassNameOf(volume) !== storageClassNameOf(claim)) return false;
  return claim.spec.selector === undefined || selectorOf(claim.spec.selector).matches(volume.metadata.labels);
}

function fromSmallest(volumes: readonly PersistentVolume[]): readonly PersistentVolume[] {
  const modes = ({ spec }: PersistentVolume): number => new Set(spec.accessModes).size;
  return volumes.toSorted((left, right) => {
    const byModes = modes(left) - modes(right);
    if (byModes !== 0) return byModes;
    const bySize = compareQuantities(capacityOf(left), capacityOf(right));
    if (bySize !== 0) return bySize;
    return left.metadata.name < right.metadata.name ? -1 : 1;
  });
}
