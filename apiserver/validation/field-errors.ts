/** Makers of `FieldError` with the wording of `apimachinery/pkg/util/validation/field`. */
import type { FieldError } from "../../shared/errors/status-error.ts";
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";

function shown(value: unknown): string {
  return value === undefined ? "null" : stringifyJson(value);
}

export function required(field: string, detail = ""): FieldError {
  return {
    reason: "FieldValueRequired",
    field,
    detail: detail === "" ? "Required value" : `Required value: ${detail}`,
  };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, detail: withDetail(`Invalid value: ${shown(value)}`, detail) };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  return notSupportedInOrder(field, value, [...supported].sort());
}

/** For the few lists that upstream prints in an order of its own. */
export function notSupportedInOrder(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    detail: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, detail: `Forbidden: ${detail}` };
}

function withDetail(text: string, detail: string): string {
  return detail === "" ? text : `${text}: ${detail}`;
}

export function duplicate(field: string, value: unknown, detail = ""): FieldError {
  return { reason: "FieldValueDuplicate", field, detail: withDetail(`Duplicate value: ${shown(value)}`, detail) };
}

export function notFoundValue(field: string, value: unknown, detail = ""): FieldError {
  return { reason: "FieldValueNotFound", field, detail: withDetail(`Not found: ${shown(value)}`, detail) };
}

/** An invalid value that is not shown. */
export function invalidField(field: string, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, detail: `Invalid value: ${detail}` };
}

export function tooLong(field: string, limit: number): FieldError {
  return { reason: "FieldValueTooLong", field, detail: `Too long: may not be more than ${limit} bytes` };
}

export function tooMany(field: string, actual: number, limit: number): FieldError {
  return { reason: "FieldValueTooMany", field, detail: `Too many: ${actual}: must have at most ${limit} items` };
}

/** One error per text of a checker such as `dnsLabelProblems`. */
export function invalidFor(field: string, value: unknown, problems: readonly string[]): FieldError[] {
  return problems.map((problem) => invalidValue(field, value, problem));
}
