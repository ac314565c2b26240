import type { RoleBinding } from "../../../shared/api/generated/rbac/v1.ts";
import { roleBindings } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { bindingErrors, defaultBinding, RBAC_GROUP, roleRefChange, subjectNames } from "./rbac-rules.ts";

export const roleBindingStrategy = serve<RoleBinding>({
  resource: roleBindings,
  storagePrefix: "rolebindings",
  allowCreateOnUpdate: true,
  validateName: pathSegmentProblems,
  defaults: defaultBinding,
  validate: (binding) => bindingErrors(binding, ["Role", "ClusterRole"], true),
  validateUpdate: (next, previous) => roleRefChange(next.roleRef, previous.roleRef),
  columns: [
    nameColumn,
    textColumn("Role", "The role that is bound.", ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
    ageColumn,
    wideColumn("Users", "Users that it is bound to.", ({ subjects }) => subjectNames(subjects, "User")),
    wideColumn("Groups", "Groups that it is bound to.", ({ subjects }) => subjectNames(subjects, "Group")),
    wideColumn("ServiceAccounts", "Service accounts that it is bound to.", ({ subjects }) =>
      subjectNames(subjects, "ServiceAccount"),
    ),
  ],
  example: {
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: "reader" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
  },
});
