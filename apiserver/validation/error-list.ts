/** Short forms for rules that add to a list of errors; a good value costs no allocation. */
import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalidValue, notSupported, required } from "./field-errors.ts";

/** One error per text of a checker such as `dnsLabelProblems`. */
export function addInvalid(errors: FieldError[], field: string, value: unknown, problems: readonly string[]): void {
  for (const problem of problems) errors.push(invalidValue(field, value, problem));
}

/** Adds an error when `text` is missing or empty; tells whether it is there. */
export function isGiven(errors: FieldError[], field: string, text: string | undefined): text is string {
  if (text !== undefined && text !== "") return true;
  errors.push(required(field));
  return false;
}

/** A name that must be there and pass a checker. */
export function addNameErrors(
  errors: FieldError[],
  field: string,
  name: string | undefined,
  problems: (name: string) => readonly string[],
): void {
  if (isGiven(errors, field, name)) addInvalid(errors, field, name, problems(name));
}

/** A name that may be missing, and must pass a checker when it is there. */
export function addOptionalNameErrors(
  errors: FieldError[],
  field: string,
  name: string | undefined,
  problems: (name: string) => readonly string[],
): void {
  if (name !== undefined && name !== "") addInvalid(errors, field, name, problems(name));
}

/** A value that must be there and be one of `supported`. */
export function addChoiceErrors(
  errors: FieldError[],
  field: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value === undefined || value === "") errors.push(required(field));
  else if (!supported.includes(value)) errors.push(notSupported(field, value, supported));
}

/** A value that may be missing, and must be one of `supported` when it is there. */
export function addOptionalChoiceErrors(
  errors: FieldError[],
  field: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(field, value, supported));
}

const NOT_NEGATIVE = "must be greater than or equal to 0";

/** A count that may be missing, and must not be negative. */
export function addNegativeErrors(errors: FieldError[], field: string, count: number | undefined): void {
  if (count !== undefined && Number(count) < 0) errors.push(invalidValue(field, count, NOT_NEGATIVE));
}

/** `must be between 1 and 255, inclusive` */
export function inclusiveRange(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}
