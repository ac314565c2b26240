import type { ClusterRole } from "../../../shared/api/generated/rbac/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { clusterRoles } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { createdAtColumn, nameColumn } from "../../tables/columns.ts";
import { required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { ruleErrors } from "./rbac-rules.ts";

export const clusterRoleStrategy = serve<ClusterRole>({
  resource: clusterRoles,
  storagePrefix: "clusterroles",
  allowCreateOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: (role) => [...ruleErrors(role.rules, false), ...aggregationErrors(role)],
  columns: [nameColumn, createdAtColumn],
  example: { rules: [{ nonResourceURLs: ["/healthz"], verbs: ["get"] }] },
});

function aggregationErrors({ aggregationRule }: ClusterRole): FieldError[] {
  if (aggregationRule === undefined) return [];
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  const at = "aggregationRule.clusterRoleSelectors";
  if (selectors.length === 0)
    return [required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  return selectors.flatMap((selector, index) => validateLabelSelector(selector, `${at}[${index}]`));
}
