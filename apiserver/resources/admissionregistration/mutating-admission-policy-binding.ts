import type { MutatingAdmissionPolicyBinding } from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { mutatingAdmissionPolicyBindings } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { addNameErrors } from "../../validation/error-list.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { paramRefErrors } from "./conditions.ts";
import { paramRefText } from "./policy-text.ts";
import { defaultMatchResources, immutableOperationErrors, matchResourcesErrors } from "./rules.ts";
import { staticNameWarnings } from "./static-names.ts";

export const mutatingAdmissionPolicyBindingStrategy = serve<MutatingAdmissionPolicyBinding>({
  resource: mutatingAdmissionPolicyBindings,
  categories: ["api-extensions"],
  storagePrefix: "mutatingadmissionpolicybindings",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  defaults: ({ spec }) => defaultMatchResources(spec.matchResources),
  validate: ({ spec: { policyName, paramRef, matchResources } }) => {
    const errors: FieldError[] = [];
    addNameErrors(errors, "spec.policyName", policyName, dnsSubdomainProblems);
    errors.push(...paramRefErrors(paramRef, "spec.paramRef"));
    if (matchResources === undefined) return errors;
    return [
      ...errors,
      ...matchResourcesErrors(matchResources, "spec.matchResources"),
      ...immutableOperationErrors(matchResources, "spec.matchResources"),
    ];
  },
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    textColumn("PolicyName", "The policy that is bound.", ({ spec }) => spec.policyName ?? ""),
    textColumn("ParamRef", "Its parameters.", ({ spec }) => paramRefText(spec.paramRef)),
    ageColumn,
  ],
  example: { spec: { policyName: "small-widgets" } },
});
