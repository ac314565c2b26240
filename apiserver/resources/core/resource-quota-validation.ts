/** Rules of ResourceQuotas: which resources, and which scopes go with them (`ValidateResourceQuota`). */
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";
import { isQuotaResource } from "../pod-spec/resource-names.ts";
import { addAmountErrors, addResourceNameErrors } from "../pod-spec/resources.ts";

const PODS = new Set(["pods"]);
const POD_RESOURCES = new Set([
  "pods",
  "cpu",
  "memory",
  "limits.cpu",
  "limits.memory",
  "requests.cpu",
  "requests.memory",
]);
const CLAIM_RESOURCES = new Set(["persistentvolumeclaims", "requests.storage"]);
/** What each scope can count. */
const SCOPES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["BestEffort", PODS],
  ["NotBestEffort", POD_RESOURCES],
  ["Terminating", POD_RESOURCES],
  ["NotTerminating", POD_RESOURCES],
  ["PriorityClass", POD_RESOURCES],
  ["CrossNamespacePodAffinity", POD_RESOURCES],
  ["VolumeAttributesClass", CLAIM_RESOURCES],
]);
/** Scopes that are there or not: they have no values. */
const PLAIN_SCOPES = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);
const CONFLICTS = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];
const PLAIN_RULE =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  addHardErrors(spec.hard, "spec.hard", errors);
  addScopeErrors(spec, errors);
  addSelectorErrors(spec, errors);
  return errors;
}

export function validateResourceQuotaStatus({ status }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  addHardErrors(status?.hard, "status.hard", errors);
  addHardErrors(status?.used, "status.used", errors);
  return errors;
}

/** Scopes stay, in whatever order. */
export function validateResourceQuotaUpdate(next: ResourceQuota, previous: ResourceQuota): FieldError[] {
  const [after, before] = [new Set(next.spec.scopes), new Set(previous.spec.scopes)];
  const isSame = after.size === before.size && [...after].every((scope) => before.has(scope));
  return isSame ? [] : [invalidValue("spec.scopes", next.spec.scopes ?? [], "field is immutable")];
}

function addHardErrors(
  amounts: Readonly<Record<string, string>> | undefined,
  field: string,
  errors: FieldError[],
): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    const at = `${field}[${name}]`;
    addResourceNameErrors(name, at, errors);
    if (!name.includes("/") && !isQuotaResource(name))
      errors.push(invalidValue(at, name, "must be a standard resource for quota"));
    addAmountErrors(name, amount, at, errors);
  }
}

/** How many of the resources a scope cannot count. */
function misfits(scope: string, spec: ResourceQuotaSpec): string[] {
  const fitting = SCOPES.get(scope);
  if (fitting === undefined) return [];
  return Object.keys(spec.hard ?? {}).filter((name) => isQuotaResource(name) && !fitting.has(name));
}

function addConflictErrors(scopes: ReadonlySet<string>, shown: unknown, field: string, errors: FieldError[]): void {
  for (const pair of CONFLICTS) {
    if (pair.every((scope) => scopes.has(scope))) errors.push(invalidValue(field, shown, "conflicting scopes"));
  }
}

function addScopeErrors(spec: ResourceQuotaSpec, errors: FieldError[]): void {
  const scopes = spec.scopes ?? [];
  const refuse = (why: string): void => {
    errors.push(invalidValue("spec.scopes", scopes, why));
  };
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) refuse("unsupported scope");
    for (const _ of misfits(scope, spec)) refuse("unsupported scope applied to resource");
  }
  addConflictErrors(new Set(scopes), scopes, "spec.scopes", errors);
}

function addSelectorErrors(spec: ResourceQuotaSpec, errors: FieldError[]): void {
  const { scopeSelector } = spec;
  if (scopeSelector === undefined) return;
  const at = "spec.scopeSelector.matchExpressions";
  const requirements = scopeSelector.matchExpressions ?? [];
  for (const requirement of requirements) {
    const { scopeName } = requirement;
    if (!SCOPES.has(scopeName)) errors.push(invalidValue(`${at}.scopeName`, scopeName, "unsupported scope"));
    for (const _ of misfits(scopeName, spec))
      errors.push(invalidValue(at, scopeSelector, "unsupported scope applied to resource"));
    addRequirementErrors(requirement, at, errors);
  }
  addConflictErrors(
    new Set(requirements.map(({ scopeName }) => scopeName)),
    spec.scopes,
    "spec.scopeSelector.matchExpressions",
    errors,
  );
}

function addRequirementErrors(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  field: string,
  errors: FieldError[],
): void {
  if (PLAIN_SCOPES.has(scopeName) && operator !== "Exists")
    errors.push(invalidValue(`${field}.operator`, operator, PLAIN_RULE));
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        errors.push(
          required(
            `${field}.values`,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        );
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        errors.push(
          invalidValue(
            `${field}.values`,
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        );
      break;
    default:
      errors.push(invalidValue(`${field}.operator`, operator, "not a valid selector operator"));
  }
}
