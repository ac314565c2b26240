/**
 * What claims and volumes say about each other (upstream: `component-helpers/storage`): annotations, classes, and who
 * is bound to whom. Shared by the binder, the scheduler and provisioners.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../api/generated/core/v1.ts";
import type { StorageClass } from "../api/generated/storage/v1.ts";
import { isControlledBy } from "./ownership.ts";

/** On claims: both sides of the binding are written. */
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
/** On claims and volumes: the controller chose the other side, not the user. */
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
/** On volumes: who made them. */
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
/** On claims: the node that the scheduler wants the volume for. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
/** On claims: who is to make the volume. */
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
/** The class, before there was a field for it. */
export const BETA_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class";

export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
export const ATTRIBUTES_CLASS_PROTECTION = "kubernetes.io/vac-protection";

const DEFAULT_CLASS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
}

export function hasAnnotation({ metadata }: Annotated, name: string): boolean {
  return metadata.annotations?.[name] !== undefined;
}

/** Name of the class of a claim or a volume; empty when it has none. */
export function storageClassNameOf(
  object: Annotated & { readonly spec: { readonly storageClassName?: string | undefined } },
): string {
  return object.metadata.annotations?.[BETA_STORAGE_CLASS] ?? object.spec.storageClassName ?? "";
}

/** True when nobody said anything about the class, not even that there shall be none. */
export function lacksClass(claim: PersistentVolumeClaim): boolean {
  return !hasAnnotation(claim, BETA_STORAGE_CLASS) && claim.spec.storageClassName === undefined;
}

/** Of several default classes the newest counts. */
export function defaultClassOf(classes: readonly StorageClass[]): StorageClass | undefined {
  return classes
    .filter(({ metadata }) => DEFAULT_CLASS.some((key) => metadata.annotations?.[key] === "true"))
    .toSorted((left, right) => {
      const [a, b] = [left.metadata.creationTimestamp ?? "", right.metadata.creationTimestamp ?? ""];
      if (a !== b) return a > b ? -1 : 1;
      return left.metadata.name < right.metadata.name ? -1 : 1;
    })
    .at(0);
}

/** Both sides of its binding are written. */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec.volumeName ?? "") !== "" && hasAnnotation(claim, BIND_COMPLETED);
}

/** True when the volume names this claim: by its UID, or by its name alone (a user's wish). */
export function isBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec.claimRef;
  if (reference === undefined) return false;
  if (reference.name !== metadata.name || reference.namespace !== metadata.namespace) return false;
  return (reference.uid ?? "") === "" || reference.uid === metadata.uid;
}

/** `namespace/name` of the claim that a volume names; empty for none. */
export function claimKeyOf({ spec }: PersistentVolume): string {
  return spec.claimRef === undefined ? "" : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`;
}

/** A claim that a pod uses. */
export interface ClaimUse {
  readonly claimName: string;
  /** Made for this pod, from a template in its spec. */
  readonly isEphemeral: boolean;
  readonly volumeName: string;
}

export function claimsOf({ metadata, spec }: Pod): ClaimUse[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): ClaimUse[] => {
    if (persistentVolumeClaim !== undefined) {
      return [{ claimName: persistentVolumeClaim.claimName, isEphemeral: false, volumeName: name }];
    }
    if (ephemeral === undefined) return [];
    return [{ claimName: `${metadata.name}-${name}`, isEphemeral: true, volumeName: name }];
  });
}

/** Why the claim is not the one that was made for an ephemeral volume of the pod; undefined when it is. */
export function whyNotOfPod(claim: PersistentVolumeClaim, pod: Pod): string | undefined {
  if (claim.metadata.namespace === pod.metadata.namespace && isControlledBy(claim, pod)) return undefined;
  const [of, by] = [claim.metadata, pod.metadata];
  return `PVC ${of.namespace}/${of.name} was not created for pod ${by.namespace}/${by.name} (pod is not owner)`;
}

/** The volume as it names the claim; nothing when it does so already (upstream: `GetBindVolumeToClaim`). */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const isNamed = isBoundTo(volume, claim);
  if (isNamed && volume.spec.claimRef?.uid === uid) return undefined;
  const claimRef = { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion };
  const next = { ...volume, spec: { ...volume.spec, claimRef } };
  return isNamed ? next : withAnnotations(next, { [BOUND_BY_CONTROLLER]: "yes" });
}

export function withAnnotations<T extends PersistentVolume | PersistentVolumeClaim>(
  object: T,
  added: Readonly<Record<string, string>>,
): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...added } } };
}

/** Size that a claim asks for, or that a volume has, as a quantity. */
export const requestOf = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.["storage"] ?? "0";
export const capacityOf = ({ spec }: PersistentVolume): string => spec.capacity?.["storage"] ?? "0";
