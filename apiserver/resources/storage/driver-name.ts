import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { invalidFor, invalidValue, required, tooLong } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";

const DRIVER_NAME_MAX = 63;
const PARAMETERS_MAX = 512;
const PARAMETERS_BYTES_MAX = 256 * 1024;

/** Names of CSI drivers where they are spelled out (`ValidateCSIDriverName` of core validation). */
export function driverNameErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  return [
    ...(name.length > DRIVER_NAME_MAX ? [tooLong(field, DRIVER_NAME_MAX)] : []),
    ...invalidFor(field, name, dnsSubdomainProblems(name.toLowerCase())),
  ];
}

/** Provisioners and drivers of classes: qualified names in any case. */
export function provisionerErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const lower = name.toLowerCase();
  return invalidFor(field, lower, qualifiedNameProblems(lower));
}

/** What a driver is told: limited in number and size. */
export function parameterErrors(
  parameters: Readonly<Record<string, string>> | undefined,
  field: string,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > PARAMETERS_MAX) return [tooLong(field, PARAMETERS_MAX)];
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.filter(([key]) => key === "").map(([key]) => invalidValue(field, key, "field can not be empty.")),
    ...(bytes > PARAMETERS_BYTES_MAX ? [tooLong(field, PARAMETERS_BYTES_MAX)] : []),
    ...(!mayBeEmpty && entries.length === 0 ? [required(field, "must contain at least one key/value pair")] : []),
  ];
}
