/** The claim's half of a binding, and its end, as what is to be written (upstream: `bind` in `pv_controller.go`). Pure. */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from "../../../shared/api/generated/core/v1.ts";
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  hasAnnotation,
  withAnnotations,
} from "../../../shared/machinery/claims.ts";

/** Size of a volume before it grew, while its file system has not: on volumes. */
const SIZE_BEFORE_RESIZE = "volume.alpha.kubernetes.io/pre-resize-capacity";

/** The claim as it names the volume; nothing when it does so already. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const volumeName = volume.metadata.name;
  const isNamed = claim.spec.volumeName === volumeName;
  const missing = [
    ...(isNamed || hasAnnotation(claim, BOUND_BY_CONTROLLER) ? [] : [BOUND_BY_CONTROLLER]),
    ...(hasAnnotation(claim, BIND_COMPLETED) ? [] : [BIND_COMPLETED]),
  ];
  if (isNamed && missing.length === 0) return undefined;
  const added = Object.fromEntries(missing.map((name) => [name, "yes"]));
  return withAnnotations({ ...claim, spec: { ...claim.spec, volumeName } }, added);
}

/** What a bound claim says of its volume. Its size is told once: from then on it is the resizer's to tell. */
export function boundStatus({ status }: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaimStatus {
  const next = { ...status, phase: "Bound", accessModes: volume.spec.accessModes };
  if (status?.phase === "Bound") return next;
  const before = volume.metadata.annotations?.[SIZE_BEFORE_RESIZE];
  const attributes = volume.spec.volumeAttributesClassName;
  return {
    ...next,
    capacity: before === undefined ? volume.spec.capacity : { ...status?.capacity, storage: before },
    ...(attributes === undefined ? {} : { currentVolumeAttributesClassName: attributes }),
  };
}

/** The status of a claim that has no volume. */
export function unboundStatus(claim: PersistentVolumeClaim, phase: "Pending" | "Lost"): PersistentVolumeClaimStatus {
  const { accessModes: _modes, capacity: _capacity, ...rest } = claim.status ?? {};
  return { ...rest, phase };
}

/** The volume as nobody's: still reserved for the claim when a user wanted it so. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec;
  if (!hasAnnotation(volume, BOUND_BY_CONTROLLER)) {
    const { uid: _uid, resourceVersion: _revision, ...reference } = claimRef ?? {};
    return { ...volume, spec: { ...spec, claimRef: reference } };
  }
  const { [BOUND_BY_CONTROLLER]: _, ...annotations } = volume.metadata.annotations ?? {};
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
}
