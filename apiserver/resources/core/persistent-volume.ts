import type { PersistentVolume } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { persistentVolumes } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { notSupported, required } from "../../validation/field-errors.ts";
import { ACCESS_MODES, accessModesText, orUnset } from "./volume-text.ts";

const POLICIES = ["Delete", "Recycle", "Retain"];

export const persistentVolumeStrategy = serve<PersistentVolume>({
  resource: persistentVolumes,
  shortNames: ["pv"],
  storagePrefix: "persistentvolumes",
  defaults: (volume) => {
    volume.spec.persistentVolumeReclaimPolicy ??= "Retain";
    volume.spec.volumeMode ??= "Filesystem";
    if (volume.spec.hostPath !== undefined) volume.spec.hostPath.type ??= "";
    volume.status ??= {};
    volume.status.phase ??= "Pending";
  },
  prepareForCreate: (volume) => {
    volume.status = { phase: "Pending" };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateVolume,
  columns: [
    nameColumn,
    textColumn("Capacity", "Its size.", ({ spec }) => spec.capacity?.["storage"] ?? ""),
    textColumn("Access Modes", "How it may be mounted.", ({ spec }) => accessModesText(spec.accessModes)),
    textColumn(
      "Reclaim Policy",
      "What happens to it when its claim goes.",
      ({ spec }) => spec.persistentVolumeReclaimPolicy ?? "",
    ),
    textColumn("Status", "Whether it is bound.", ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    ),
    textColumn("Claim", "The claim it is bound to.", ({ spec }) =>
      spec.claimRef === undefined ? "" : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`,
    ),
    textColumn("StorageClass", "Class it belongs to.", ({ spec }) => spec.storageClassName ?? ""),
    textColumn("VolumeAttributesClass", "Class of its attributes.", ({ spec }) =>
      orUnset(spec.volumeAttributesClassName),
    ),
    textColumn("Reason", "Why it failed.", ({ status }) => status?.reason ?? ""),
    ageColumn,
    wideColumn("VolumeMode", "File system or block device.", ({ spec }) => orUnset(spec.volumeMode)),
  ],
  example: { spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv/data" } } },
});

function validateVolume({ spec }: PersistentVolume): FieldError[] {
  const modes = spec.accessModes ?? [];
  const policy = spec.persistentVolumeReclaimPolicy ?? "";
  return [
    ...(modes.length === 0 ? [required("spec.accessModes")] : []),
    ...modes.flatMap((mode, index) =>
      ACCESS_MODES.includes(mode) ? [] : [notSupported(`spec.accessModes[${index}]`, mode, ACCESS_MODES)],
    ),
    ...(spec.capacity?.["storage"] === undefined ? [required("spec.capacity")] : []),
    ...(POLICIES.includes(policy) ? [] : [notSupported("spec.persistentVolumeReclaimPolicy", policy, POLICIES)]),
  ];
}
