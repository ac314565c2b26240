import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { duplicate, invalidFor, invalidValue } from "../../validation/field-errors.ts";
import { listErrors } from "./bounded.ts";

const CONDITIONS_MAX = 4;

interface BindingConditions {
  readonly bindingConditions?: readonly string[] | undefined;
  readonly bindingFailureConditions?: readonly string[] | undefined;
}

/** What a device must have said before a pod is bound to it, and what gives it up: both or none. */
export function bindingErrors(
  { bindingConditions: conditions = [], bindingFailureConditions: failures = [] }: BindingConditions,
  field: string,
): FieldError[] {
  const at = `${field}.bindingConditions`;
  const atFailures = `${field}.bindingFailureConditions`;
  const check = (name: string, where: string): FieldError[] => invalidFor(where, name, qualifiedNameProblems(name));
  const repeated = (names: readonly string[], where: string): FieldError[] =>
    names.flatMap((name, index) => (names.indexOf(name) < index ? [duplicate(`${where}[${index}]`, name)] : []));
  const errors = [
    ...listErrors(conditions, CONDITIONS_MAX, at, check),
    ...listErrors(failures, CONDITIONS_MAX, atFailures, check),
    ...repeated(conditions, at),
    ...repeated(failures, atFailures),
    ...failures.flatMap((name, index) =>
      conditions.includes(name)
        ? [
            invalidValue(
              `${atFailures}[${index}]`,
              name,
              "bindingFailureConditions must not overlap with bindingConditions",
            ),
          ]
        : [],
    ),
  ];
  if (conditions.length === 0 && failures.length > 0)
    errors.push(invalidValue(at, conditions, "bindingConditions are required to use bindingFailureConditions"));
  if (failures.length === 0 && conditions.length > 0)
    errors.push(invalidValue(atFailures, failures, "bindingFailureConditions are required to use bindingConditions"));
  return errors;
}
