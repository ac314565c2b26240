/** Rules and columns that the four RBAC kinds share (`pkg/apis/rbac`). */
import type { PolicyRule, RoleRef, Subject } from "../../../shared/api/generated/rbac/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import {
  invalidFor,
  invalidValue,
  notSupported,
  notSupportedInOrder,
  required,
} from "../../validation/field-errors.ts";
import { dnsSubdomainProblems, pathSegmentProblems } from "../../validation/names.ts";

export const RBAC_GROUP = "rbac.authorization.k8s.io";
const SUBJECT_KINDS = ["ServiceAccount", "User", "Group"];

export function ruleErrors(rules: readonly PolicyRule[] | undefined, isNamespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    return [
      ...(rule.verbs.length === 0 ? [required(`${at}.verbs`, "verbs must contain at least one value")] : []),
      ...((rule.nonResourceURLs ?? []).length > 0
        ? pathRuleErrors(rule, isNamespaced, `${at}.nonResourceURLs`)
        : resourceRuleErrors(rule, at)),
    ];
  });
}

/** Rules for paths are for the whole cluster, and for nothing else. */
function pathRuleErrors(rule: PolicyRule, isNamespaced: boolean, field: string): FieldError[] {
  const { nonResourceURLs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const isMixed = apiGroups.length + resources.length + resourceNames.length > 0;
  const mixed = "rules cannot apply to both regular resources and non-resource URLs";
  return [
    ...(isNamespaced
      ? [invalidValue(field, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs")]
      : []),
    ...(isMixed ? [invalidValue(field, nonResourceURLs, mixed)] : []),
  ];
}

function resourceRuleErrors({ apiGroups = [], resources = [] }: PolicyRule, field: string): FieldError[] {
  return [
    ...(apiGroups.length === 0
      ? [required(`${field}.apiGroups`, "resource rules must supply at least one api group")]
      : []),
    ...(resources.length === 0
      ? [required(`${field}.resources`, "resource rules must supply at least one resource")]
      : []),
  ];
}

export function defaultBinding(binding: { roleRef: RoleRef; subjects?: Subject[] | undefined }): void {
  if ((binding.roleRef.apiGroup ?? "") === "") binding.roleRef.apiGroup = RBAC_GROUP;
  for (const subject of binding.subjects ?? []) {
    if ((subject.apiGroup ?? "") === "" && (subject.kind === "User" || subject.kind === "Group"))
      subject.apiGroup = RBAC_GROUP;
  }
}

export function bindingErrors(
  binding: { roleRef: RoleRef; subjects?: Subject[] | undefined },
  roleKinds: readonly string[],
  isNamespaced: boolean,
): FieldError[] {
  const { roleRef, subjects = [] } = binding;
  const errors: FieldError[] = [];
  if (roleRef.apiGroup !== RBAC_GROUP) errors.push(notSupported("roleRef.apiGroup", roleRef.apiGroup, [RBAC_GROUP]));
  if (!roleKinds.includes(roleRef.kind)) errors.push(notSupportedInOrder("roleRef.kind", roleRef.kind, roleKinds));
  if (roleRef.name === "") errors.push(required("roleRef.name"));
  else errors.push(...invalidFor("roleRef.name", roleRef.name, pathSegmentProblems(roleRef.name)));
  return [
    ...errors,
    ...subjects.flatMap((subject, index) => subjectErrors(subject, isNamespaced, `subjects[${index}]`)),
  ];
}

function subjectErrors(subject: Subject, isNamespaced: boolean, field: string): FieldError[] {
  const errors = subject.name === "" ? [required(`${field}.name`)] : [];
  const group = subject.apiGroup ?? "";
  switch (subject.kind) {
    case "ServiceAccount":
      if (subject.name !== "")
        errors.push(...invalidFor(`${field}.name`, subject.name, dnsSubdomainProblems(subject.name)));
      if (group !== "") errors.push(notSupported(`${field}.apiGroup`, group, [""]));
      if (!isNamespaced && (subject.namespace ?? "") === "") errors.push(required(`${field}.namespace`));
      return errors;
    case "User":
    case "Group":
      if (subject.name === "")
        errors.push(invalidValue(`${field}.name`, "", `${subject.kind.toLowerCase()} name cannot be empty`));
      return group === RBAC_GROUP ? errors : [...errors, notSupported(`${field}.apiGroup`, group, [RBAC_GROUP])];
    default:
      return [...errors, notSupportedInOrder(`${field}.kind`, subject.kind, SUBJECT_KINDS)];
  }
}

/** A binding binds the same role for ever. */
export function roleRefChange(next: RoleRef, previous: RoleRef): FieldError[] {
  return deepEqual(next, previous) ? [] : [invalidValue("roleRef", next, "cannot change roleRef")];
}

/** Names of the subjects of one kind, for `-o wide`. */
export function subjectNames(subjects: readonly Subject[] | undefined, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
    .join(", ");
}
