import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { podDisruptionBudgets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { conditionErrors } from "../../validation/conditions.ts";
import { addNegativeErrors, addOptionalChoiceErrors } from "../../validation/error-list.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { intOrPercentErrors, percentMaxErrors } from "../../validation/int-or-percent.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { pathSegmentProblems } from "../../validation/names.ts";

const EVICTION_POLICIES = ["AlwaysAllow", "IfHealthyBudget"];

export const podDisruptionBudgetStrategy = serve<PodDisruptionBudget>({
  resource: podDisruptionBudgets,
  shortNames: ["pdb"],
  storagePrefix: "poddisruptionbudgets",
  hasGeneration: true,
  allowUnconditionalUpdate: false,
  // Nobody derives names from it: whatever can stand in a path will do.
  validateName: pathSegmentProblems,
  prepareForCreate: (budget) => {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateStatus,
  },
  validate: validateBudget,
  columns: [
    nameColumn,
    textColumn("Min Available", "How many pods must stay.", ({ spec }) => String(spec.minAvailable ?? "N/A")),
    textColumn("Max Unavailable", "How many pods may go.", ({ spec }) => String(spec.maxUnavailable ?? "N/A")),
    countColumn("Allowed Disruptions", "How many may go now.", ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  example: { spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } } },
});

function validateBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(invalidValue("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
  for (const name of ["minAvailable", "maxUnavailable"] as const) {
    const share = spec[name];
    if (share === undefined) continue;
    errors.push(...intOrPercentErrors(share, `spec.${name}`), ...percentMaxErrors(share, `spec.${name}`));
  }
  errors.push(...validateLabelSelector(spec.selector, "spec.selector"));
  addOptionalChoiceErrors(errors, "spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES);
  return errors;
}

function validateStatus({ status }: PodDisruptionBudget): FieldError[] {
  const errors = conditionErrors(status?.conditions ?? [], "status.conditions");
  for (const name of ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const)
    addNegativeErrors(errors, `status.${name}`, status?.[name]);
  return errors;
}
