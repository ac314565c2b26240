import type { PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { clone } from "../../../shared/machinery/clone.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { persistentVolumeClaims } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { forbiddenField, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { ACCESS_MODES, accessModesText, orUnset } from "./volume-text.ts";

export const persistentVolumeClaimStrategy = serve<PersistentVolumeClaim>({
  resource: persistentVolumeClaims,
  shortNames: ["pvc"],
  storagePrefix: "persistentvolumeclaims",
  defaults: (claim) => {
    claim.spec.volumeMode ??= "Filesystem";
    claim.status ??= {};
    claim.status.phase ??= "Pending";
  },
  prepareForCreate: (claim) => {
    claim.status = { phase: "Pending" };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  columns: [
    nameColumn,
    textColumn("Status", "Whether it is bound.", (claim) =>
      claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? "") : "Terminating",
    ),
    textColumn("Volume", "The volume it is bound to.", ({ spec }) => spec.volumeName ?? ""),
    textColumn("Capacity", "Size of that volume.", ({ spec, status }) =>
      (spec.volumeName ?? "") === "" ? "" : (status?.capacity?.["storage"] ?? ""),
    ),
    textColumn("Access Modes", "How it may be mounted.", ({ spec, status }) =>
      (spec.volumeName ?? "") === "" ? "" : accessModesText(status?.accessModes),
    ),
    textColumn("StorageClass", "Class that makes its volume.", ({ spec }) => spec.storageClassName ?? ""),
    textColumn("VolumeAttributesClass", "Class of its attributes.", ({ spec }) =>
      orUnset(spec.volumeAttributesClassName),
    ),
    ageColumn,
    wideColumn("VolumeMode", "File system or block device.", ({ spec }) => orUnset(spec.volumeMode)),
  ],
  example: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
});

function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  const modes = spec.accessModes ?? [];
  return [
    ...(modes.length === 0 ? [required("spec.accessModes", "at least 1 access mode is required")] : []),
    ...modes.flatMap((mode, index) =>
      ACCESS_MODES.includes(mode) ? [] : [notSupported(`spec.accessModes[${index}]`, mode, ACCESS_MODES)],
    ),
    ...(spec.resources?.requests?.["storage"] === undefined ? [required("spec.resources[storage]")] : []),
    ...validateLabelSelector(spec.selector, "spec.selector"),
  ];
}

/** Only the request may grow, the volume be set and the attributes class change. */
function validateClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const frozen = clone(next.spec);
  frozen.resources = previous.spec.resources;
  frozen.volumeAttributesClassName = previous.spec.volumeAttributesClassName;
  if ((previous.spec.volumeName ?? "") === "") frozen.volumeName = previous.spec.volumeName;
  if (previous.spec.storageClassName === undefined) frozen.storageClassName = undefined;
  if (deepEqual(frozen, previous.spec)) return [];
  return [
    forbiddenField(
      "spec",
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ),
  ];
}
