import type { ControllerRevision } from "../../../shared/api/generated/apps/v1.ts";
import { controllerRevisions } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { countErrors } from "./workload.ts";

export const controllerRevisionStrategy = serve<ControllerRevision>({
  resource: controllerRevisions,
  storagePrefix: "controllerrevisions",
  validate: ({ revision }) => countErrors({ revision }),
  validateCreate: ({ data }) => {
    if (data === undefined || data === null) return [required("data", "data is mandatory")];
    const isObject = typeof data === "object" && !Array.isArray(data);
    return isObject ? [] : [required("data", "data must be a valid JSON object")];
  },
  validateUpdate: (next, previous) => immutable(next.data, previous.data, "data"),
  columns: [
    nameColumn,
    textColumn("Controller", "What it is a revision of.", ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      return orNone(
        owner === undefined ? "" : `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0] ?? ""}/${owner.name}`,
      );
    }),
    textColumn("Revision", "Its number.", ({ revision }) => revision),
    ageColumn,
  ],
  example: { revision: 1, data: { spec: {} } },
});
