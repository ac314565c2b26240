import type { StorageClass } from "../../../shared/api/generated/storage/v1.ts";
import { storageClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, notSupported, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

const IS_DEFAULT = "storageclass.kubernetes.io/is-default-class";
const MODES = ["Immediate", "WaitForFirstConsumer"];
const POLICIES = ["Delete", "Retain"];

export const storageClassStrategy = serve<StorageClass>({
  resource: storageClasses,
  shortNames: ["sc"],
  storagePrefix: "storageclasses",
  defaults: (storageClass) => {
    storageClass.reclaimPolicy ??= "Delete";
    storageClass.volumeBindingMode ??= "Immediate";
  },
  validate: ({ provisioner, reclaimPolicy = "", volumeBindingMode = "" }) => [
    ...(provisioner === "" ? [required("provisioner")] : []),
    ...(POLICIES.includes(reclaimPolicy) ? [] : [notSupported("reclaimPolicy", reclaimPolicy, POLICIES)]),
    ...(MODES.includes(volumeBindingMode) ? [] : [notSupported("volumeBindingMode", volumeBindingMode, MODES)]),
  ],
  validateUpdate: (next, previous) => [
    ...immutable(next.parameters, previous.parameters, "parameters").map(() =>
      forbiddenField("parameters", "updates to parameters are forbidden."),
    ),
    ...immutable(next.provisioner, previous.provisioner, "provisioner").map(() =>
      forbiddenField("provisioner", "updates to provisioner are forbidden."),
    ),
    ...immutable(next.reclaimPolicy, previous.reclaimPolicy, "reclaimPolicy").map(() =>
      forbiddenField("reclaimPolicy", "updates to reclaimPolicy are forbidden."),
    ),
    ...immutable(next.volumeBindingMode, previous.volumeBindingMode, "volumeBindingMode"),
  ],
  columns: [
    {
      ...nameColumn,
      cell: ({ metadata }) => `${metadata.name}${metadata.annotations?.[IS_DEFAULT] === "true" ? " (default)" : ""}`,
    },
    textColumn("Provisioner", "Who makes its volumes.", ({ provisioner }) => provisioner),
    textColumn(
      "ReclaimPolicy",
      "What happens to volumes when their claims go.",
      ({ reclaimPolicy }) => reclaimPolicy ?? "",
    ),
    textColumn("VolumeBindingMode", "When volumes are made.", ({ volumeBindingMode }) => volumeBindingMode ?? ""),
    {
      name: "AllowVolumeExpansion",
      type: "boolean",
      description: "Whether claims may grow.",
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  example: { provisioner: "example.com/disk" },
});
