/** Whether claims or volumes name a class of volume attributes, and its finalizer with that. */
import type { PersistentVolume, PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { VolumeAttributesClass } from "../../../shared/api/generated/storage/v1.ts";
import { ATTRIBUTES_CLASS_PROTECTION } from "../../../shared/machinery/claims.ts";
import type {
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttributesClasses,
} from "../../../shared/resources/catalog.ts";
import { planProtection } from "../../runtime/finalizer-plan.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";

export type Reads = { readonly claims: typeof persistentVolumeClaims; readonly volumes: typeof persistentVolumes };
export type Writes = { readonly classes: typeof volumeAttributesClasses };

/** The classes that a claim wants, has or is on its way to, or that a volume has. */
export function attributesClassesOf({ spec, status }: PersistentVolumeClaim | PersistentVolume): string[] {
  const names = [
    spec.volumeAttributesClassName,
    ...(status !== undefined && "currentVolumeAttributesClassName" in status
      ? [status.currentVolumeAttributesClassName]
      : []),
    ...(status !== undefined && "modifyVolumeStatus" in status
      ? [status.modifyVolumeStatus?.targetVolumeAttributesClassName]
      : []),
  ];
  return [...new Set(names.flatMap((name = "") => (name === "" ? [] : [name])))];
}

export function planAttributesClass(
  attributes: VolumeAttributesClass,
  world: World<VolumeAttributesClass, Reads>,
): Plan<VolumeAttributesClass, Writes> {
  const isDeleted = attributes.metadata.deletionTimestamp !== undefined;
  // Looked for only when it matters: this goes through all claims.
  const isUsed =
    isDeleted &&
    [...world.claims.list(), ...world.volumes.list()].some((object) =>
      attributesClassesOf(object).includes(attributes.metadata.name),
    );
  const next = planProtection(attributes, ATTRIBUTES_CLASS_PROTECTION, !isUsed);
  return { actions: next.map((object) => ({ verb: "update", resource: "classes", object })) };
}
