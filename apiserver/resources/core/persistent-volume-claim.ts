import type { PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { persistentVolumeClaims } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { normalizeClaimSources } from "./claim-source.ts";
import { addClaimSpecErrors, claimSpecWarnings } from "./claim-spec.ts";
import { validateClaimStatusUpdate, validateClaimUpdate } from "./claim-update.ts";
import { accessModesText, BETA_CLASS, orUnset, storageClassOf } from "./volume-text.ts";

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
    normalizeClaimSources(claim.spec);
    claim.status = { phase: "Pending" };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
    normalizeClaimSources(next.spec, previous.spec);
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateClaimStatusUpdate,
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  warnings: claimWarnings,
  columns: [
    nameColumn,
    textColumn("Status", "Whether it is bound.", (claim) =>
      claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? "") : "Terminating",
    ),
    textColumn("Volume", "The volume it is bound to.", ({ spec }) => spec.volumeName ?? ""),
    textColumn("Capacity", "Size of that volume.", ({ spec, status }) =>
      (spec.volumeName ?? "") === "" ? "" : (status?.capacity?.["storage"] ?? "0"),
    ),
    textColumn("Access Modes", "How it may be mounted.", ({ spec, status }) =>
      (spec.volumeName ?? "") === "" ? "" : accessModesText(status?.accessModes),
    ),
    textColumn("StorageClass", "Class that makes its volume.", storageClassOf),
    textColumn("VolumeAttributesClass", "Class of its attributes.", ({ spec }) =>
      orUnset(spec.volumeAttributesClassName),
    ),
    ageColumn,
    wideColumn("VolumeMode", "File system or block device.", ({ spec }) => orUnset(spec.volumeMode)),
  ],
  example: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
});

function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  addClaimSpecErrors(spec, "spec", errors);
  return errors;
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const why = 'deprecated since v1.8; use "storageClassName" attribute instead';
  return [
    ...(metadata.annotations?.[BETA_CLASS] === undefined ? [] : [`metadata.annotations[${BETA_CLASS}]: ${why}`]),
    ...claimSpecWarnings(spec, "spec"),
  ];
}
