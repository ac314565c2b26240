import type { ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { compareQuantities, milliValue } from "../../../shared/machinery/quantity.ts";
import { invalidFor, invalidValue, required } from "../../validation/field-errors.ts";

const STANDARD = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const NOT_NEGATIVE = "must be greater than or equal to 0";

/** Rules of `resources`: names, signs, and a request that is at most its limit. */
export function validateResources(resources: ResourceRequirements | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ["limits", "requests"] as const) {
    for (const [name, quantity] of Object.entries(resources?.[list] ?? {})) {
      const at = `${field}.${list}[${name}]`;
      const problems = qualifiedNameProblems(name);
      errors.push(...invalidFor(`${field}.${list}`, name, problems));
      if (problems.length === 0 && !STANDARD.test(name) && !name.includes("/")) {
        errors.push(
          invalidValue(at, name, "must be a standard resource type or fully qualified"),
          invalidValue(at, name, "must be a standard resource for containers"),
        );
      }
      if (milliValue(quantity) < 0) errors.push(invalidValue(at, quantity, NOT_NEGATIVE));
    }
  }
  return [...errors, ...pairErrors(resources, field)];
}

function pairErrors(resources: ResourceRequirements | undefined, field: string): FieldError[] {
  return Object.entries(resources?.requests ?? {}).flatMap(([name, request]) => {
    const limit = resources?.limits?.[name];
    const cannotOvercommit = name.includes("/") || name.startsWith("hugepages-");
    if (limit === undefined)
      return cannotOvercommit
        ? [required(`${field}.limits`, "Limit must be set for non overcommitable resources")]
        : [];
    const order = compareQuantities(request, limit);
    if (cannotOvercommit && order !== 0)
      return [invalidValue(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
    return order > 0
      ? [invalidValue(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)]
      : [];
  });
}
