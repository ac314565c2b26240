import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { podDisruptionBudgets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidValue, notSupported } from "../../validation/field-errors.ts";
import { intOrPercentErrors } from "../../validation/int-or-percent.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";

const EVICTION_POLICIES = ["AlwaysAllow", "IfHealthyBudget"];

export const podDisruptionBudgetStrategy = serve<PodDisruptionBudget>({
  resource: podDisruptionBudgets,
  shortNames: ["pdb"],
  storagePrefix: "poddisruptionbudgets",
  hasGeneration: true,
  allowUnconditionalUpdate: false,
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
  if (minAvailable !== undefined) errors.push(...intOrPercentErrors(minAvailable, "spec.minAvailable"));
  if (maxUnavailable !== undefined) errors.push(...intOrPercentErrors(maxUnavailable, "spec.maxUnavailable"));
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
    errors.push(notSupported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES));
  return [...errors, ...validateLabelSelector(spec.selector, "spec.selector")];
}
