import type { CSIStorageCapacity } from "../../../shared/api/generated/storage/v1.ts";
import { parseQuantity } from "../../../shared/machinery/quantity.ts";
import { csiStorageCapacities } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidFor, invalidValue } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { deprecatedNodeLabel } from "../pod-spec/deprecated-labels.ts";

export const csiStorageCapacityStrategy = serve<CSIStorageCapacity>({
  resource: csiStorageCapacities,
  storagePrefix: "csistoragecapacities",
  allowUnconditionalUpdate: false,
  validate: ({ nodeTopology, storageClassName, capacity }) => [
    ...validateLabelSelector(nodeTopology, "nodeTopology"),
    ...invalidFor("storageClassName", storageClassName, dnsSubdomainProblems(storageClassName)),
    ...(capacity !== undefined && parseQuantity(capacity).nanos < 0n
      ? [invalidValue("capacity", capacity, "must be greater than or equal to 0")]
      : []),
  ],
  validateUpdate: (next, previous) => [
    ...immutable(next.nodeTopology, previous.nodeTopology, "nodeTopology"),
    ...immutable(next.storageClassName, previous.storageClassName, "storageClassName"),
  ],
  warnings: ({ nodeTopology }) => [
    ...(nodeTopology?.matchExpressions ?? []).flatMap(({ key }, index) => {
      const why = deprecatedNodeLabel(key);
      return why === undefined ? [] : [`nodeTopology.matchExpressions[${index}].key: ${key} is ${why}`];
    }),
    ...Object.keys(nodeTopology?.matchLabels ?? {}).flatMap((label) => {
      const why = deprecatedNodeLabel(label);
      return why === undefined ? [] : [`nodeTopology.matchLabels.${label}: ${why}`];
    }),
  ],
  columns: [
    nameColumn,
    textColumn("StorageClassName", "Class of the volumes.", ({ storageClassName }) => storageClassName),
    textColumn("Capacity", "How much space there is.", ({ capacity }) => capacity ?? "<unset>"),
  ],
  example: { storageClassName: "fast", capacity: "10Gi", nodeTopology: { matchLabels: { zone: "a" } } },
});
