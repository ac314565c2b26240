/** Rules of `maxSurge` and the like: a count, or a percentage (`pkg/apis/apps/validation`). */
import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalidValue } from "./field-errors.ts";

const PERCENT = /^[0-9]+%$/;
const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** Errors of what is neither a count from zero on nor a percentage. */
export function intOrPercentErrors(value: number | string, field: string): FieldError[] {
  if (typeof value === "string") return PERCENT.test(value) ? [] : [invalidValue(field, value, PERCENT_RULE)];
  return value < 0 ? [invalidValue(field, value, "must be greater than or equal to 0")] : [];
}

/** The error of a percentage of more than everything. */
export function percentMaxErrors(value: number | string, field: string): FieldError[] {
  const isMore = typeof value === "string" && PERCENT.test(value) && Number.parseInt(value, 10) > 100;
  return isMore ? [invalidValue(field, value, "must not be greater than 100%")] : [];
}

/** Whether it is no pod at all, be it as a count or as a percentage. */
export function isZeroIntOrPercent(value: number | string): boolean {
  return typeof value === "number" ? value === 0 : !/^[+-]?[0-9]+%?$/u.test(value) || Number.parseInt(value, 10) === 0;
}
