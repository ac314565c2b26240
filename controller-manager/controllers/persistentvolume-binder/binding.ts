/** The two halves of a binding, as what is to be written (upstream: `bind` in `pv_controller.go`). Pure. */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from "../../../shared/api/generated/core/v1.ts";
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, hasAnnotation, isBoundTo } from "../../../shared/machinery/claims.ts";

/** Size of a volume before it grew, while its file system has not: on volumes. */
const SIZE_BEFORE_RESIZE = "volume.alpha.kubernetes.io/pre-resize-capacity";

function withAnnotations<T extends PersistentVolume | PersistentVolumeClaim>(object: T, names: readonly string[]): T {
  const annotations = { ...object.metadata.annotations, ...Object.fromEntries(names.map((name) => [name, "yes"])) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The volume as it names the claim; nothing when it does so already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const isNamed = isBoundTo(volume, claim);
  if (isNamed && volume.spec.claimRef?.uid === uid) return undefined;
  const claimRef = { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion };
  const next = { ...volume, spec: { ...volume.spec, claimRef } };
  return isNamed || hasAnnotation(volume, BOUND_BY_CONTROLLER) ? next : withAnnotations(next, [BOUND_BY_CONTROLLER]);
}

/** The claim as it names the volume; nothing when it does so already. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const volumeName = volume.metadata.name;
  const isNamed = claim.spec.volumeName === volumeName;
  const missing = [
    ...(isNamed || hasAnnotation(claim, BOUND_BY_CONTROLLER) ? [] : [BOUND_BY_CONTROLLER]),
    ...(hasAnnotation(claim, BIND_COMPLETED) ? [] : [BIND_COMPLETED]),
  ];
  if (isNamed && missing.length === 0) return undefined;
  return withAnnotations({ ...claim, spec: { ...claim.spec, volumeName } }, missing);
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
