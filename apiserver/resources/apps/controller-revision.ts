import type { ControllerRevision } from "../../../shared/api/generated/apps/v1.ts";
import { controllerRevisions } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
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
    textColumn("Controller", "What it is a revision of.", controllerText),
    textColumn("Revision", "Its number.", ({ revision }) => revision),
    ageColumn,
  ],
  example: { revision: 1, data: { spec: {} } },
});

/** `statefulset.apps/web` */
function controllerText({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return "<none>";
  const { kind, apiVersion, name } = owner;
  const group = apiVersion.includes("/") ? `.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : "";
  return `${kind.toLowerCase()}${group}/${name}`;
}
