/** What webhooks and policies are asked about (`pkg/apis/admissionregistration/validation/validation.go`). */
import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { duplicate, invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { pathSegmentProblems } from "../../validation/names.ts";

const ALL = "*";
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
/** What a deletion would write is nothing. */
export const MUTABLE_OPERATIONS = OPERATIONS.filter((operation) => operation !== "DELETE");
export const MATCH_POLICIES = ["Equivalent", "Exact"];
const SCOPES = ["*", "Cluster", "Namespaced"];

/** Fills in the scope of rules, in place. */
export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= ALL;
}

/** Fills in what `matchConstraints` and `matchResources` leave out, in place. */
export function defaultMatchResources(resources: MatchResources | undefined): void {
  if (resources === undefined) return;
  resources.matchPolicy ??= "Equivalent";
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  defaultRules(resources.resourceRules);
  defaultRules(resources.excludeResourceRules);
}

export function ruleErrors(rule: RuleWithOperations, field: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  return [
    ...listErrors(operations, `${field}.operations`, "operations"),
    ...operations.flatMap((operation, index) =>
      OPERATIONS.includes(operation) ? [] : [notSupported(`${field}.operations[${index}]`, operation, OPERATIONS)],
    ),
    ...listErrors(apiGroups, `${field}.apiGroups`, "API groups"),
    ...listErrors(apiVersions, `${field}.apiVersions`, "API versions"),
    ...apiVersions.flatMap((version, index) => (version === "" ? [required(`${field}.apiVersions[${index}]`)] : [])),
    ...resourceErrors(resources, `${field}.resources`),
    ...(scope === undefined || SCOPES.includes(scope) ? [] : [notSupported(`${field}.scope`, scope, SCOPES)]),
  ];
}

/** Something must be listed, and `*` stands alone. */
function listErrors(values: readonly string[], field: string, what: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  if (values.length === 1 || !values.includes(ALL)) return [];
  return [invalidValue(field, values, `if '*' is present, must not specify other ${what}`)];
}

function resourceErrors(resources: readonly string[], field: string): FieldError[] {
  if (resources.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const wholeResources = new Set<string>();
  const wholeSubresources = new Set<string>();
  for (const [index, one] of resources.entries()) {
    if (one === "") errors.push(required(`${field}[${index}]`));
    const slash = one.indexOf("/");
    if (slash < 0) continue;
    const [resource, subresource] = [one.slice(0, slash), one.slice(slash + 1)];
    const wrong = (present: string): void =>
      void errors.push(invalidValue(`${field}[${index}]`, one, `if '${present}' is present, must not specify ${one}`));
    if (wholeResources.has(resource)) wrong(`${resource}/*`);
    if (wholeSubresources.has(subresource)) wrong(`*/${subresource}`);
    if (subresource === ALL) wholeResources.add(resource);
    if (resource === ALL) wholeSubresources.add(subresource);
  }
  const plain = resources.filter((one) => !one.includes("/"));
  if (resources.length > 1 && resources.includes("*/*"))
    errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"));
  // Upstream looks at the last one without a subresource only.
  if (resources.includes(ALL) && plain.at(-1) !== ALL)
    errors.push(
      invalidValue(field, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

/** A rule that may name single objects. */
function namedRuleErrors(rule: NamedRuleWithOperations, field: string): FieldError[] {
  const { resourceNames: names = [] } = rule;
  return [
    ...names.flatMap((name, index) => [
      ...invalidFor(`${field}.resourceNames[${index}]`, name, pathSegmentProblems(name)),
      ...(names.indexOf(name) < index ? [duplicate(`${field}.resourceNames[${index}]`, name)] : []),
    ]),
    ...ruleErrors(rule, field),
  ];
}

export function matchResourcesErrors(resources: MatchResources, field: string): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = resources;
  return [
    ...(matchPolicy === undefined
      ? [required(`${field}.matchPolicy`)]
      : MATCH_POLICIES.includes(matchPolicy)
        ? []
        : [notSupported(`${field}.matchPolicy`, matchPolicy, MATCH_POLICIES)]),
    ...(namespaceSelector === undefined
      ? [required(`${field}.namespaceSelector`)]
      : validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`)),
    ...(objectSelector === undefined
      ? [required(`${field}.objectSelector`)]
      : validateLabelSelector(objectSelector, `${field}.objectSelector`)),
    ...resourceRules.flatMap((rule, index) => namedRuleErrors(rule, `${field}.resourceRules[${index}]`)),
    ...excludeResourceRules.flatMap((rule, index) => namedRuleErrors(rule, `${field}.excludeResourceRules[${index}]`)),
  ];
}

/** Policies that change objects cannot be asked about deletions. */
export function immutableOperationErrors({ resourceRules = [] }: MatchResources, field: string): FieldError[] {
  return resourceRules
    .flatMap(({ operations = [] }) => operations)
    .filter((operation) => !MUTABLE_OPERATIONS.includes(operation))
    .map((operation) => notSupported(`${field}.resourceRules.operations`, operation, MUTABLE_OPERATIONS));
}
