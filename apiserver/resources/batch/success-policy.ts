/** When an indexed Job has succeeded before all of its indexes have (KEP-3998; `validateSuccessPolicy`). */
import type { JobSpec, SuccessPolicyRule } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addNegativeErrors } from "../../validation/error-list.ts";
import { invalidValue, required, tooLong, tooMany } from "../../validation/field-errors.ts";
import { countIndexes } from "./index-intervals.ts";

const RULES_MAX = 20;
const INDEXES_BYTES_MAX = 64 * 1024;

export function addSuccessPolicyErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  const { successPolicy, completionMode, completions = 0 } = spec;
  if (successPolicy === undefined) return;
  if (completionMode !== "Indexed") {
    errors.push(invalidValue(field, successPolicy, "requires indexed completion mode"));
    return;
  }
  const { rules } = successPolicy;
  const at = `${field}.rules`;
  if (rules.length === 0)
    errors.push(required(at, "at least one rules must be specified when the successPolicy is specified"));
  if (rules.length > RULES_MAX) errors.push(tooMany(at, rules.length, RULES_MAX));
  rules.forEach((rule, index) => addRuleErrors(rule, completions, `${at}[${index}]`, errors));
}

function addRuleErrors(
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  completions: number,
  field: string,
  errors: FieldError[],
): void {
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(required(field, "at least one of succeededCount or succeededIndexes must be specified"));
  const total = succeededIndexes === undefined ? 0 : addIndexErrors(succeededIndexes, completions, field, errors);
  if (succeededCount === undefined) return;
  const at = `${field}.succeededCount`;
  const refuse = (what: string, limit: number): void => {
    errors.push(invalidValue(at, succeededCount, `must be less than or equal to ${limit} (the number of ${what})`));
  };
  addNegativeErrors(errors, at, succeededCount);
  if (succeededCount > completions) refuse("specified completions", completions);
  if (succeededIndexes !== undefined && succeededCount > total)
    refuse("indexes in the specified succeededIndexes field", total);
}

/** How many indexes there are. */
function addIndexErrors(indexes: string, completions: number, field: string, errors: FieldError[]): number {
  const at = `${field}.succeededIndexes`;
  if (indexes.length > INDEXES_BYTES_MAX) errors.push(tooLong(at, INDEXES_BYTES_MAX));
  const count = countIndexes(indexes, completions);
  if ("value" in count) return count.value;
  errors.push(invalidValue(at, indexes, `error parsing succeededIndexes: ${count.problem}`));
  return 0;
}
