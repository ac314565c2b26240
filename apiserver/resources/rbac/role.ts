import type { Role } from "../../../shared/api/generated/rbac/v1.ts";
import { roles } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { createdAtColumn, nameColumn } from "../../tables/columns.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { ruleErrors } from "./rbac-rules.ts";

export const roleStrategy = serve<Role>({
  resource: roles,
  storagePrefix: "roles",
  allowCreateOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: (role) => ruleErrors(role.rules, true),
  columns: [nameColumn, createdAtColumn],
  example: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }] },
});
