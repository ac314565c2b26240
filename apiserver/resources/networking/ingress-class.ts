import type { IngressClass } from "../../../shared/api/generated/networking/v1.ts";
import { ingressClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { required } from "../../validation/field-errors.ts";

export const ingressClassStrategy = serve<IngressClass>({
  resource: ingressClasses,
  storagePrefix: "ingressclasses",
  hasGeneration: true,
  defaults: ({ spec }) => {
    if (spec.parameters !== undefined) spec.parameters.scope ??= "Cluster";
  },
  validate: ({ spec }) => ((spec.controller ?? "") === "" ? [required("spec.controller")] : []),
  validateUpdate: (next, previous) => immutable(next.spec.controller, previous.spec.controller, "spec.controller"),
  columns: [
    nameColumn,
    textColumn("Controller", "Who serves ingresses of this class.", ({ spec }) => spec.controller ?? ""),
    textColumn("Parameters", "Its settings.", ({ spec: { parameters } }) =>
      orNone(
        parameters === undefined
          ? ""
          : `${parameters.kind}${(parameters.apiGroup ?? "") === "" ? "" : `.${parameters.apiGroup}`}/${parameters.name}`,
      ),
    ),
    ageColumn,
  ],
  example: { spec: { controller: "example.com/ingress" } },
});
