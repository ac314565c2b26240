/** Rules of PersistentVolumes (`ValidatePersistentVolume` and its update). */
import type {
  PersistentVolume,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { addInvalid, addOptionalChoiceErrors, addOptionalNameErrors } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { objectDiff } from "../../validation/object-diff.ts";
import { addNodeSelectorErrors } from "../pod-spec/affinity.ts";
import { deprecatedNodeLabel } from "../pod-spec/deprecated-labels.ts";
import { addAccessModeErrors, VOLUME_MODES } from "./claim-spec.ts";
import { addVolumeSourceErrors, SOURCE_NAMES } from "./persistent-volume-source.ts";
import { BETA_CLASS } from "./volume-text.ts";

const POLICIES = ["Delete", "Recycle", "Retain"];
const MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options";
const OLD_SOURCES: readonly (readonly [keyof PersistentVolumeSpec, string, string])[] = [
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
];

export function validateVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(required("spec.accessModes"));
  addAccessModeErrors(modes, "spec.accessModes", errors);
  addCapacityErrors(spec.capacity ?? {}, errors);
  const policy = spec.persistentVolumeReclaimPolicy ?? "";
  if (policy !== "") addOptionalChoiceErrors(errors, "spec.persistentVolumeReclaimPolicy", policy, POLICIES);
  addAffinityErrors(spec.nodeAffinity, errors);
  addVolumeSourceErrors(spec, metadata.name, "spec", errors);
  if (spec.local !== undefined && spec.nodeAffinity === undefined)
    errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  if (spec.hostPath !== undefined && isRoot(spec.hostPath.path) && policy === "Recycle")
    errors.push(
      forbiddenField("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"),
    );
  addOptionalNameErrors(errors, "spec.storageClassName", spec.storageClassName, dnsSubdomainProblems);
  addOptionalChoiceErrors(errors, "spec.volumeMode", spec.volumeMode, VOLUME_MODES);
  addAttributesErrors(spec, errors);
  return errors;
}

/** A path that is `/` once it is cleaned. */
function isRoot(path: string): boolean {
  if (!path.startsWith("/")) return false;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.length === 0;
}

function addCapacityErrors(capacity: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const field = "spec.capacity";
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required(field));
  if (capacity["storage"] === undefined || names.length > 1) errors.push(notSupported(field, capacity, ["storage"]));
  for (const [name, amount] of Object.entries(capacity)) {
    const at = `${field}[${name}]`;
    const order = compareQuantities(amount, "0");
    if (order < 0) errors.push(invalidValue(at, amount, "must be a valid resource quantity"));
    if (order <= 0) errors.push(invalidValue(at, amount, "must be greater than zero"));
  }
}

function addAffinityErrors(affinity: VolumeNodeAffinity | undefined, errors: FieldError[]): void {
  if (affinity === undefined) return;
  const field = "spec.nodeAffinity.required";
  if (affinity.required === undefined) errors.push(required(field, "must specify required node constraints"));
  else addNodeSelectorErrors(affinity.required, field, errors);
}

/** Only drivers know classes of attributes. */
function addAttributesErrors(
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  errors: FieldError[],
): void {
  if (name === undefined) return;
  const field = "spec.volumeAttributesClassName";
  if (name === "") errors.push(required(field, "an empty string is disallowed"));
  else addInvalid(errors, field, name, dnsSubdomainProblems(name));
  if (csi === undefined) errors.push(required("spec.csi", "has to be specified when using volumeAttributesClassName"));
}

function sourceOf(spec: PersistentVolumeSpec): object {
  return Object.fromEntries(SOURCE_NAMES.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])));
}

export function validateVolumeUpdate(
  { spec: next }: PersistentVolume,
  { spec: previous }: PersistentVolume,
): FieldError[] {
  // The secret for growing may be added later.
  const mayAddSecret = previous.csi !== undefined && previous.csi.controllerExpandSecretRef === undefined;
  const comparable =
    mayAddSecret && next.csi !== undefined
      ? { ...next, csi: { ...next.csi, controllerExpandSecretRef: undefined } }
      : next;
  const [now, before] = [sourceOf(comparable), sourceOf(previous)];
  const why = "spec.persistentvolumesource is immutable after creation";
  const wasClassed = previous.volumeAttributesClassName !== undefined;
  return [
    ...(deepEqual(now, before)
      ? []
      : [forbiddenField("spec.persistentvolumesource", `${why}\n${objectDiff(before, now)}`)]),
    ...immutable(next.volumeMode, previous.volumeMode, "volumeMode"),
    ...affinityUpdateErrors(next.nodeAffinity, previous.nodeAffinity),
    ...(wasClassed && next.volumeAttributesClassName === undefined
      ? [forbiddenField("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")]
      : []),
  ];
}

/** Labels of nodes that got new names. */
const NEW_LABELS: ReadonlyMap<string, string> = new Map([
  ["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"],
  ["failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"],
  ["beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"],
  ["beta.kubernetes.io/os", "kubernetes.io/os"],
  ["beta.kubernetes.io/arch", "kubernetes.io/arch"],
]);

function affinityUpdateErrors(
  next: VolumeNodeAffinity | undefined,
  previous: VolumeNodeAffinity | undefined,
): FieldError[] {
  if (previous === undefined || deepEqual(next, previous)) return [];
  const before = previous.required?.nodeSelectorTerms ?? [];
  const now = next?.required?.nodeSelectorTerms ?? [];
  const renamed = before.map((term, index) => ({
    ...term,
    matchExpressions: term.matchExpressions?.map((requirement, position) => {
      const key = now[index]?.matchExpressions?.[position]?.key;
      return key !== undefined && NEW_LABELS.get(requirement.key) === key ? { ...requirement, key } : requirement;
    }),
  }));
  if (next?.required !== undefined && deepEqual(renamed, now)) return [];
  return [invalidValue("nodeAffinity", next, "field is immutable, except for updating from beta label to GA")];
}

/** Texts for `Warning` headers (`pkg/api/persistentvolume/util.go`). */
export function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const annotated = (key: string, why: string): string[] =>
    metadata.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${why}`];
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...terms.flatMap(({ matchExpressions = [] }, index) =>
      matchExpressions.flatMap(({ key }, position) => {
        const why = deprecatedNodeLabel(key);
        const at = `spec.nodeAffinity.required.nodeSelectorTerms[${index}].matchExpressions[${position}].key`;
        return why === undefined ? [] : [`${at}: ${key} is ${why}`];
      }),
    ),
    ...annotated(BETA_CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead'),
    ...annotated(MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead'),
    ...(spec.persistentVolumeReclaimPolicy === "Recycle"
      ? [
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        ]
      : []),
    ...OLD_SOURCES.flatMap(([name, shown, why]) => (spec[name] === undefined ? [] : [`spec.${shown}: ${why}`])),
  ];
}
