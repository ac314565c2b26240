/** What a claim asks for (`pkg/apis/resource/validation/validation.go`). */
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from "../../../shared/api/generated/resource/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import {
  invalidFor,
  invalidValue,
  notSupported,
  notSupportedInOrder,
  required,
  tooLong,
} from "../../validation/field-errors.ts";
import { driverNameErrors } from "../storage/driver-name.ts";
import { listErrors, setErrors } from "./bounded.ts";
import { classNameErrors, fullyQualifiedErrors, labelErrors } from "./device-names.ts";

export const REQUESTS_MAX = 32;
export const CONFIGS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const SELECTORS_MAX = 32;
const TOLERATIONS_MAX = 16;
const SUBREQUESTS_MAX = 8;
const EXPRESSION_BYTES_MAX = 10 * 1024;
const PARAMETERS_BYTES_MAX = 10 * 1024;
const MODES = ["All", "ExactCount"];
const OPERATORS = ["Equal", "Exists"];
export const EFFECTS = ["NoExecute", "NoSchedule", "None"];

/** Fills in how many devices and whom tolerations are for, in place. */
export function defaultDeviceClaim(claim: DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable = [] } of claim?.requests ?? []) {
    for (const request of exactly === undefined ? firstAvailable : [exactly, ...firstAvailable]) {
      request.allocationMode ??= "ExactCount";
      if (request.allocationMode === "ExactCount") request.count ||= 1;
      for (const toleration of request.tolerations ?? []) toleration.operator ??= "Equal";
    }
  }
}

/** `request`, and `request/alternative` where there are alternatives. */
export function requestNames(claim: DeviceClaim | undefined): ReadonlySet<string> {
  return new Set(
    (claim?.requests ?? []).flatMap(({ name, firstAvailable = [] }) => [
      name,
      ...firstAvailable.map((alternative) => `${name}/${alternative.name}`),
    ]),
  );
}

export function claimErrors(claim: DeviceClaim | undefined, field: string): FieldError[] {
  const { requests = [], constraints = [], config = [] } = claim ?? {};
  const names = requestNames(claim);
  return [
    ...setErrors(requests, REQUESTS_MAX, `${field}.requests`, requestErrors, ({ name }) => name),
    ...listErrors(constraints, CONSTRAINTS_MAX, `${field}.constraints`, (one, at) => constraintErrors(one, names, at)),
    ...listErrors(config, CONFIGS_MAX, `${field}.config`, (one, at) => [
      ...referenceListErrors(one.requests ?? [], names, `${at}.requests`),
      ...opaqueErrors(one.opaque, at),
    ]),
  ];
}

function requestErrors({ name, exactly, firstAvailable = [] }: DeviceRequest, field: string): FieldError[] {
  const errors = labelErrors(name, `${field}.name`);
  const rule = "exactly one of `exactly` or `firstAvailable` is required";
  if (exactly === undefined && firstAvailable.length === 0) return [...errors, required(field, rule)];
  if (exactly !== undefined && firstAvailable.length > 0)
    return [...errors, invalidValue(field, undefined, `${rule}, but multiple fields are set`)];
  if (exactly !== undefined) return [...errors, ...deviceRequestErrors(exactly, `${field}.exactly`)];
  return [
    ...errors,
    ...setErrors(
      firstAvailable,
      SUBREQUESTS_MAX,
      `${field}.firstAvailable`,
      (one, at) => [...labelErrors(one.name, `${at}.name`), ...deviceRequestErrors(one, at)],
      (one) => one.name,
    ),
  ];
}

function deviceRequestErrors(request: ExactDeviceRequest | DeviceSubRequest, field: string): FieldError[] {
  const { deviceClassName, selectors = [], allocationMode: mode = "", count = 0, tolerations = [] } = request;
  return [
    ...classNameErrors(deviceClassName, `${field}.deviceClassName`),
    ...selectorErrors(selectors, `${field}.selectors`),
    ...(mode === "All" && count !== 0
      ? [invalidValue(`${field}.count`, count, "must not be specified when allocationMode is 'All'")]
      : []),
    ...(mode === "ExactCount" && count <= 0
      ? [invalidValue(`${field}.count`, count, "must be greater than zero")]
      : []),
    ...(MODES.includes(mode) ? [] : [notSupportedInOrder(`${field}.allocationMode`, mode, MODES)]),
    ...listErrors(tolerations, TOLERATIONS_MAX, `${field}.tolerations`, tolerationErrors),
  ];
}

/** Expressions are not compiled: they only have to be there, and not too long. */
export function selectorErrors(selectors: readonly DeviceSelector[], field: string): FieldError[] {
  return listErrors(selectors, SELECTORS_MAX, field, ({ cel }, at) => {
    if (cel === undefined) return [required(`${at}.cel`)];
    if (Buffer.byteLength(cel.expression) > EXPRESSION_BYTES_MAX)
      return [tooLong(`${at}.cel.expression`, EXPRESSION_BYTES_MAX)];
    return cel.expression.trim() === "" ? [required(`${at}.cel.expression`)] : [];
  });
}

function tolerationErrors(toleration: DeviceToleration, field: string): FieldError[] {
  const { key = "", operator = "", value = "", effect = "" } = toleration;
  const errors = key === "" ? [] : invalidFor(`${field}.key`, key, qualifiedNameProblems(key));
  if (operator === "") errors.push(required(`${field}.operator`));
  else if (!OPERATORS.includes(operator)) errors.push(notSupportedInOrder(`${field}.operator`, operator, OPERATORS));
  else if (operator === "Equal") errors.push(...invalidFor(`${field}.value`, value, labelValueProblems(value)));
  else if (value !== "") errors.push(invalidValue(`${field}.value`, value, "must be empty for operator `Exists`"));
  if (effect !== "" && !EFFECTS.includes(effect)) errors.push(notSupported(`${field}.effect`, effect, EFFECTS));
  return errors;
}

function constraintErrors(constraint: DeviceConstraint, names: ReadonlySet<string>, field: string): FieldError[] {
  const { requests = [], matchAttribute, distinctAttribute } = constraint;
  const errors = referenceListErrors(requests, names, `${field}.requests`);
  if (matchAttribute !== undefined)
    return [...errors, ...fullyQualifiedErrors(matchAttribute, `${field}.matchAttribute`)];
  if (distinctAttribute !== undefined)
    return [...errors, ...fullyQualifiedErrors(distinctAttribute, `${field}.distinctAttribute`)];
  const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(field, detail)];
}

export function referenceListErrors(
  requests: readonly string[],
  names: ReadonlySet<string>,
  field: string,
): FieldError[] {
  return setErrors(
    requests,
    REQUESTS_MAX,
    field,
    (name, at) => referenceErrors(name, names, at),
    (name) => name,
  );
}

export function referenceErrors(name: string, names: ReadonlySet<string>, field: string): FieldError[] {
  const rule = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const parts = name.split("/");
  if (parts.length > 2) return [invalidValue(field, name, rule)];
  const errors = parts.flatMap((part) => labelErrors(part, field));
  return names.has(name) ? errors : [...errors, invalidValue(field, name, rule)];
}

/** Of the configuration that stands at `field`. */
export function opaqueErrors(opaque: OpaqueDeviceConfiguration | undefined, field: string): FieldError[] {
  if (opaque === undefined) return [required(`${field}.opaque`)];
  return [
    ...driverNameErrors(opaque.driver, `${field}.opaque.driver`),
    ...rawObjectErrors(opaque.parameters, `${field}.opaque.parameters`, PARAMETERS_BYTES_MAX),
  ];
}

/** Something free-form that must be an object, and not too large. */
export function rawObjectErrors(raw: unknown, field: string, bytesMax: number): FieldError[] {
  if (raw === undefined || raw === null) return [required(field)];
  if (Buffer.byteLength(stringifyJson(raw)) > bytesMax) return [tooLong(field, bytesMax)];
  if (typeof raw === "object" && !Array.isArray(raw)) return [];
  return [invalidValue(field, "<value omitted>", "must be a valid JSON object")];
}
