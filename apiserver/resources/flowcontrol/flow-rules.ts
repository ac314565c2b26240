/** Whose requests, and which, a FlowSchema matches (`pkg/apis/flowcontrol/validation/validation.go`). */
import type {
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from "../../../shared/api/generated/flowcontrol/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { forbiddenField, invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";

const ALL = "*";
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const SUBJECTS = {
  ServiceAccount: "serviceAccount",
  User: "user",
  Group: "group",
} as const;
type SubjectKind = keyof typeof SUBJECTS;
const KINDS: readonly SubjectKind[] = ["ServiceAccount", "User", "Group"];

export function ruleErrors(rule: PolicyRulesWithSubjects, field: string): FieldError[] {
  const { subjects, resourceRules = [], nonResourceRules = [] } = rule;
  return [
    ...(subjects.length === 0
      ? [required(`${field}.subjects`, "subjects must contain at least one value")]
      : subjects.flatMap((subject, index) => subjectErrors(subject, `${field}.subjects[${index}]`))),
    ...(resourceRules.length + nonResourceRules.length === 0
      ? [required(field, "at least one of resourceRules and nonResourceRules has to be non-empty")]
      : []),
    ...resourceRules.flatMap((one, index) => resourceRuleErrors(one, `${field}.resourceRules[${index}]`)),
    ...nonResourceRules.flatMap((one, index) => nonResourceRuleErrors(one, `${field}.nonResourceRules[${index}]`)),
  ];
}

function subjectErrors(subject: Subject, field: string): FieldError[] {
  const kind = KINDS.find((one) => one === subject.kind);
  if (kind === undefined) return [notSupported(`${field}.kind`, subject.kind, KINDS)];
  const own = `${field}.${SUBJECTS[kind]}`;
  const others = KINDS.filter((one) => one !== kind && subject[SUBJECTS[one]] !== undefined).map((one) =>
    forbiddenField(`${field}.${SUBJECTS[one]}`, `${SUBJECTS[one]} is forbidden when subject kind is not '${one}'`),
  );
  const value = subject[SUBJECTS[kind]];
  if (value === undefined)
    return [required(own, `${SUBJECTS[kind]} is required when subject kind is '${kind}'`), ...others];
  if (kind === "ServiceAccount" && subject.serviceAccount !== undefined)
    return [...serviceAccountErrors(subject.serviceAccount, own), ...others];
  return [...(value.name === "" ? [required(`${own}.name`)] : []), ...others];
}

function serviceAccountErrors({ name, namespace }: ServiceAccountSubject, field: string): FieldError[] {
  return [
    ...(name === ""
      ? [required(`${field}.name`)]
      : name === ALL
        ? []
        : invalidFor(`${field}.name`, name, dnsSubdomainProblems(name))),
    ...(namespace === ""
      ? [required(`${field}.namespace`, "must specify namespace for service account")]
      : invalidFor(`${field}.namespace`, namespace, dnsLabelProblems(namespace))),
  ];
}

function verbErrors(verbs: readonly string[], field: string): FieldError[] {
  if (verbs.length === 0) return [required(field, "verbs must contain at least one value")];
  if (verbs.includes(ALL)) return loneErrors(verbs, field, "verbs");
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(field, verbs, VERBS)];
}

/** `*` stands alone. */
function loneErrors(values: readonly string[], field: string, others: string): FieldError[] {
  if (values.length < 2 || !values.includes(ALL)) return [];
  return [invalidValue(field, values, `if '*' is present, must not specify other ${others}`)];
}

function listErrors(values: readonly string[], field: string, one: string, others: string): FieldError[] {
  if (values.length === 0) return [required(field, `resource rules must supply at least one ${one}`)];
  return loneErrors(values, field, others);
}

function resourceRuleErrors(rule: ResourcePolicyRule, field: string): FieldError[] {
  const { verbs, apiGroups, resources, namespaces = [], clusterScope = false } = rule;
  const at = `${field}.namespaces`;
  return [
    ...verbErrors(verbs, `${field}.verbs`),
    ...listErrors(apiGroups, `${field}.apiGroups`, "api group", "api groups"),
    ...listErrors(resources, `${field}.resources`, "resource", "resources"),
    ...(namespaces.length === 0 && !clusterScope
      ? [required(at, "resource rules that are not cluster scoped must supply at least one namespace")]
      : namespaces.includes(ALL)
        ? loneErrors(namespaces, at, "namespaces")
        : namespaces.flatMap((namespace, index) =>
            dnsLabelProblems(namespace).map((problem) =>
              invalidValue(
                `${at}[${index}]`,
                namespace,
                `each member of this list must be '*' or a DNS-1123 label; ${problem}`,
              ),
            ),
          )),
  ];
}

function nonResourceRuleErrors({ verbs, nonResourceURLs }: NonResourcePolicyRule, field: string): FieldError[] {
  const at = `${field}.nonResourceURLs`;
  return [
    ...verbErrors(verbs, `${field}.verbs`),
    ...(nonResourceURLs.length === 0
      ? [required(at, "nonResourceURLs must contain at least one value")]
      : nonResourceURLs.includes(ALL)
        ? loneErrors(nonResourceURLs, at, "non-resource URLs")
        : nonResourceURLs.flatMap((path, index) => pathErrors(path, `${at}[${index}]`))),
  ];
}

function pathErrors(path: string, field: string): FieldError[] {
  const wrong = (detail: string): FieldError[] => [invalidValue(field, path, detail)];
  if (path === "") return wrong("must not be empty");
  if (path === "/") return [];
  if (!path.startsWith("/")) return wrong("must start with slash");
  if (path.includes(" ")) return wrong("must not contain white-space");
  if (path.includes("//")) return wrong("must not contain double slash");
  const wildcards = path.split(ALL).length - 1;
  return wildcards > 1 || (wildcards === 1 && !path.endsWith("/*"))
    ? wrong("wildcard can only do suffix matching")
    : [];
}
