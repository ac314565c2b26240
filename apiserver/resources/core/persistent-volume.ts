import type { PersistentVolume } from "../../../shared/api/generated/core/v1.ts";
import { persistentVolumes } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { defaultSources } from "../pod-spec/volume-defaults.ts";
import { validateVolume, validateVolumeUpdate, volumeWarnings } from "./persistent-volume-validation.ts";
import { accessModesText, orUnset, storageClassOf } from "./volume-text.ts";

export const persistentVolumeStrategy = serve<PersistentVolume>({
  resource: persistentVolumes,
  shortNames: ["pv"],
  storagePrefix: "persistentvolumes",
  defaults: (volume) => {
    volume.spec.persistentVolumeReclaimPolicy ??= "Retain";
    volume.spec.volumeMode ??= "Filesystem";
    defaultSources(volume.spec);
    volume.status ??= {};
    volume.status.phase ??= "Pending";
  },
  prepareForCreate: (volume, { now }) => {
    volume.status = { phase: "Pending", lastPhaseTransitionTime: now };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous, { now }) => {
      next.spec = previous.spec;
      const before = previous.status;
      if (next.status?.phase === before?.phase) return;
      const told = next.status?.lastPhaseTransitionTime;
      const isOld = told === undefined || told === before?.lastPhaseTransitionTime;
      if (isOld) next.status = { ...next.status, lastPhaseTransitionTime: now };
    },
  },
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
  warnings: volumeWarnings,
  columns: [
    nameColumn,
    textColumn("Capacity", "Its size.", ({ spec }) => spec.capacity?.["storage"] ?? "0"),
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
    textColumn("StorageClass", "Class it belongs to.", storageClassOf),
    textColumn("VolumeAttributesClass", "Class of its attributes.", ({ spec }) =>
      orUnset(spec.volumeAttributesClassName),
    ),
    textColumn("Reason", "Why it failed.", ({ status }) => status?.reason ?? ""),
    ageColumn,
    wideColumn("VolumeMode", "File system or block device.", ({ spec }) => orUnset(spec.volumeMode)),
  ],
  example: { spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv/data" } } },
});
