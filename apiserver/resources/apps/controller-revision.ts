import type { ControllerRevision } from "../../../shared/api/generated/apps/v1.ts";
import { controllerRevisions } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

export const controllerRevisionStrategy = serve<ControllerRevision>({
  resource: controllerRevisions,
  storagePrefix: "controllerrevisions",
  validate: ({ revision }) =>
    revision < 0 ? [invalidValue("revision", revision, "must be greater than or equal to 0")] : [],
  validateUpdate: (next, previous) => immutable(next.data, previous.data, "data"),
  columns: [
    nameColumn,
    textColumn("Controller", "What it is a revision of.", ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      return orNone(
        owner === undefined ? "" : `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0] ?? ""}/${owner.name}`,
      );
    }),
    countColumn("Revision", "Its number.", ({ revision }) => revision),
    ageColumn,
  ],
  example: { revision: 1, data: { spec: {} } },
});
