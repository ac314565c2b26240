import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalidValue } from "./field-errors.ts";

const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** Rules of `maxSurge` and the like: a count, or a percentage of at most `percentMax`. */
export function intOrPercentErrors(value: number | string, field: string, percentMax: number): FieldError[] {
  if (typeof value === "number")
    return value < 0 ? [invalidValue(field, value, "must be greater than or equal to 0")] : [];
  if (!/^[0-9]+%$/.test(value)) return [invalidValue(field, value, PERCENT_RULE)];
  return Number(value.slice(0, -1)) > percentMax ? [invalidValue(field, value, "must not be greater than 100%")] : [];
}
