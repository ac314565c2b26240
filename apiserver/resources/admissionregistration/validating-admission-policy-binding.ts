import type { ValidatingAdmissionPolicyBinding } from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { validatingAdmissionPolicyBindings } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { addNameErrors } from "../../validation/error-list.ts";
import { duplicate, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { paramRefErrors } from "./conditions.ts";
import { paramRefText } from "./policy-text.ts";
import { defaultMatchResources, matchResourcesErrors } from "./rules.ts";
import { staticNameWarnings } from "./static-names.ts";

const ACTIONS = ["Audit", "Deny", "Warn"];

export const validatingAdmissionPolicyBindingStrategy = serve<ValidatingAdmissionPolicyBinding>({
  resource: validatingAdmissionPolicyBindings,
  categories: ["api-extensions"],
  storagePrefix: "validatingadmissionpolicybindings",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  defaults: ({ spec }) => defaultMatchResources(spec.matchResources),
  validate: ({ spec }) => {
    const errors: FieldError[] = [];
    addNameErrors(errors, "spec.policyName", spec.policyName, dnsSubdomainProblems);
    return [
      ...errors,
      ...paramRefErrors(spec.paramRef, "spec.paramRef"),
      ...(spec.matchResources === undefined ? [] : matchResourcesErrors(spec.matchResources, "spec.matchResources")),
      // Not marked as always there, so it may be missing.
      ...actionErrors((spec.validationActions as string[] | undefined) ?? []),
    ];
  },
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    textColumn("PolicyName", "The policy that is bound.", ({ spec }) => spec.policyName),
    textColumn("ParamRef", "Its parameters.", ({ spec }) => paramRefText(spec.paramRef)),
    ageColumn,
  ],
  example: { spec: { policyName: "small-widgets", validationActions: ["Deny"] } },
});

function actionErrors(actions: readonly string[]): FieldError[] {
  const field = "spec.validationActions";
  const errors = actions.flatMap((action, index) => [
    ...(ACTIONS.includes(action) ? [] : [notSupported(`${field}[${index}]`, action, ACTIONS)]),
    ...(actions.indexOf(action) < index ? [duplicate(`${field}[${index}]`, action)] : []),
  ]);
  if (actions.includes("Deny") && actions.includes("Warn")) {
    const detail =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
    errors.push(invalidValue(field, actions, detail));
  }
  if (actions.length === 0) errors.push(required(field, "at least one validation action is required"));
  return errors;
}
