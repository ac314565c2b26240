/** Rules of the access reviews (upstream: `pkg/apis/authorization/validation/validation.go`). */
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from "../../../shared/api/generated/authorization/v1.ts";
import type { FieldSelectorRequirement, ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";

/** What all access reviews ask about. */
export interface AskedAccess {
  readonly resourceAttributes?: ResourceAttributes | undefined;
  readonly nonResourceAttributes?: NonResourceAttributes | undefined;
}

const KNOWN_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];

function fieldRequirementErrors({ key, operator, values = [] }: FieldSelectorRequirement, at: string): FieldError[] {
  const errors = key === "" ? [required(`${at}.key`, "must be specified")] : [];
  if ((operator === "In" || operator === "NotIn") && values.length === 0) {
    errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  return errors;
}

/** Operators that only newer clients know are let pass: they narrow a question, and are then left out of it. */
function labelRequirementErrors({ requirements = [] }: LabelSelectorAttributes, at: string): FieldError[] {
  return requirements.flatMap((requirement, index) => {
    if (!KNOWN_OPERATORS.includes(requirement.operator)) return [];
    const errors = validateLabelSelector({ matchExpressions: [requirement] }, "");
    return errors.map((error) => ({
      ...error,
      field: error.field.replace(/^\.?matchExpressions\[0\]/u, `${at}.requirements[${index}]`),
    }));
  });
}

function selectorErrors(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  at: string,
): FieldError[] {
  if (selector === undefined) return [];
  const [raw, count] = [selector.rawSelector ?? "", selector.requirements?.length ?? 0];
  if (raw !== "" && count > 0) {
    return [invalidValue(`${at}.rawSelector`, raw, "may not specified at the same time as requirements")];
  }
  if (raw !== "" || count > 0) return [];
  return [required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`)];
}

function resourceErrors(resource: ResourceAttributes | undefined): FieldError[] {
  const { fieldSelector, labelSelector } = resource ?? {};
  const at = "spec.resourceAttributes";
  return [
    ...selectorErrors(fieldSelector, `${at}.fieldSelector`),
    ...(fieldSelector?.requirements ?? []).flatMap((requirement, index) =>
      fieldRequirementErrors(requirement, `${at}.fieldSelector.requirements[${index}]`),
    ),
    ...selectorErrors(labelSelector, `${at}.labelSelector`),
    ...(labelSelector === undefined ? [] : labelRequirementErrors(labelSelector, `${at}.labelSelector`)),
  ];
}

export function accessErrors({ resourceAttributes, nonResourceAttributes }: AskedAccess): FieldError[] {
  const errors = resourceErrors(resourceAttributes);
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const why = "cannot be specified in combination with resourceAttributes";
    return [invalidValue("spec.nonResourceAttributes", nonResourceAttributes, why), ...errors];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return errors;
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidValue("spec.resourceAttributes", "null", why)];
}

export function subjectErrors({ user = "", groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  if (user !== "" || groups.length > 0) return [];
  return [invalidValue("spec.user", user, "at least one of user or group must be specified")];
}

/** A review is not an object: it has no name. */
export function metadataErrors(metadata: ObjectMeta | undefined, ignored?: "namespace"): FieldError[] {
  const { managedFields: _managers, namespace, ...rest } = metadata ?? {};
  const shown = ignored === "namespace" ? rest : { ...rest, namespace };
  if (Object.values(shown).every((value) => value === undefined || value === null || value === "")) return [];
  const why = ignored === "namespace" ? "must be empty except for namespace" : "must be empty";
  return [invalidValue("metadata", metadata, why)];
}
