import type { IngressClass, IngressClassParametersReference } from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { ingressClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { domainPrefixedPathErrors } from "../../validation/domain-names.ts";
import { forbiddenField, invalidFor, notSupported, required, tooLong } from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { objectReferenceErrors } from "./object-reference.ts";

const CONTROLLER_BYTES_MAX = 250;
const SCOPES = ["Cluster", "Namespace"];

export const ingressClassStrategy = serve<IngressClass>({
  resource: ingressClasses,
  storagePrefix: "ingressclasses",
  hasGeneration: true,
  defaults: ({ spec }) => {
    if (spec.parameters !== undefined) spec.parameters.scope ??= "Cluster";
  },
  validate: ({ spec: { controller = "", parameters } }) => [
    ...(Buffer.byteLength(controller) > CONTROLLER_BYTES_MAX ? [tooLong("spec.controller", CONTROLLER_BYTES_MAX)] : []),
    ...domainPrefixedPathErrors(controller, "spec.controller"),
    ...(parameters === undefined ? [] : parametersErrors(parameters, "spec.parameters")),
  ],
  validateUpdate: (next, previous) => immutable(next.spec.controller, previous.spec.controller, "spec.controller"),
  columns: [
    nameColumn,
    textColumn("Controller", "Who serves ingresses of this class.", ({ spec }) => spec.controller ?? ""),
    textColumn("Parameters", "Its settings.", ({ spec: { parameters } }) =>
      orNone(
        parameters === undefined
          ? ""
          : `${parameters.kind}${parameters.apiGroup === undefined ? "" : `.${parameters.apiGroup}`}/${parameters.name}`,
      ),
    ),
    ageColumn,
  ],
  example: { spec: { controller: "example.com/ingress" } },
});

function parametersErrors(parameters: IngressClassParametersReference, field: string): FieldError[] {
  const { scope } = parameters;
  const errors = objectReferenceErrors(parameters, field);
  if (scope === undefined) return [...errors, required(`${field}.scope`)];
  if (!SCOPES.includes(scope)) return [...errors, notSupported(`${field}.scope`, scope, SCOPES)];
  return [...errors, ...namespaceErrors(scope, parameters.namespace, `${field}.namespace`)];
}

function namespaceErrors(scope: string, namespace: string | undefined, field: string): FieldError[] {
  if (scope === "Cluster")
    return namespace === undefined ? [] : [forbiddenField(field, "`parameters.scope` is set to 'Cluster'")];
  return namespace === undefined
    ? [required(field, "`parameters.scope` is set to 'Namespace'")]
    : invalidFor(field, namespace, dnsLabelProblems(namespace));
}
