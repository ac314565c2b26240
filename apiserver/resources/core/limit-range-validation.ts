/** Rules of LimitRanges (`ValidateLimitRange`). */
import type { LimitRange, LimitRangeItem } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { compareQuantities, milliValue } from "../../../shared/machinery/quantity.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { mayBeOvercommitted } from "../pod-spec/resource-names.ts";
import { addContainerResourceNameErrors, addResourceNameErrors } from "../pod-spec/resources.ts";

const TYPES = new Set(["Container", "PersistentVolumeClaim", "Pod"]);
/** Types that limit what containers use; others may limit any resource. */
const RUNNING_TYPES = new Set(["Container", "Pod"]);
const AMOUNTS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

type AmountKind = (typeof AMOUNTS)[number];

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, item] of (spec.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    addTypeErrors(item.type, `${at}.type`, errors);
    if (seen.has(item.type)) errors.push(duplicate(`${at}.type`, item.type));
    seen.add(item.type);
    addItemErrors(item, at, errors);
  }
  return errors;
}

function addTypeErrors(type: string, field: string, errors: FieldError[]): void {
  const problems = qualifiedNameProblems(type);
  addInvalid(errors, field, type, problems);
  if (problems.length === 0 && !type.includes("/") && !TYPES.has(type))
    errors.push(invalidValue(field, type, "must be a standard limit type or fully qualified"));
}

function addItemErrors(item: LimitRangeItem, field: string, errors: FieldError[]): void {
  const isPod = item.type === "Pod";
  const isAllowed = (kind: AmountKind): boolean => !isPod || (kind !== "default" && kind !== "defaultRequest");
  const addNameErrors = RUNNING_TYPES.has(item.type) ? addContainerResourceNameErrors : addResourceNameErrors;
  const names = new Set<string>();
  for (const kind of AMOUNTS) {
    const amounts = Object.keys(item[kind] ?? {});
    if (!isAllowed(kind)) {
      if (amounts.length > 0)
        errors.push(forbiddenField(`${field}.${kind}`, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of amounts) {
      addNameErrors(name, `${field}.${kind}[${name}]`, errors);
      names.add(name);
    }
  }
  if (
    item.type === "PersistentVolumeClaim" &&
    item.min?.["storage"] === undefined &&
    item.max?.["storage"] === undefined
  )
    errors.push(
      required(`${field}.limits`, "either minimum or maximum storage value is required, but neither was provided"),
    );
  for (const name of [...names].sort()) addAmountErrors(item, name, field, errors);
}

/** Amounts in the order that they must not break: where the pair is wrong, and whose value is shown. */
const ORDERED: readonly {
  readonly low: AmountKind;
  readonly high: AmountKind;
  readonly at: AmountKind;
  readonly shown: AmountKind;
  readonly words: readonly [string, string];
}[] = [
  { low: "min", high: "max", at: "min", shown: "min", words: ["min", "max"] },
  {
    low: "min",
    high: "defaultRequest",
    at: "defaultRequest",
    shown: "defaultRequest",
    words: ["min", "default request"],
  },
  {
    low: "defaultRequest",
    high: "max",
    at: "defaultRequest",
    shown: "defaultRequest",
    words: ["default request", "max"],
  },
  {
    low: "defaultRequest",
    high: "default",
    at: "defaultRequest",
    shown: "defaultRequest",
    words: ["default request", "default limit"],
  },
  { low: "min", high: "default", at: "default", shown: "min", words: ["min", "default"] },
  { low: "default", high: "max", at: "default", shown: "max", words: ["default", "max"] },
];

function addAmountErrors(item: LimitRangeItem, name: string, field: string, errors: FieldError[]): void {
  const isPod = item.type === "Pod";
  const of = (kind: AmountKind): string | undefined =>
    isPod && (kind === "default" || kind === "defaultRequest") ? undefined : item[kind]?.[name];
  for (const { low, high, at, shown, words } of ORDERED) {
    const [less, more] = [of(low), of(high)];
    if (less === undefined || more === undefined || compareQuantities(less, more) <= 0) continue;
    const why = `${words[0]} value ${less} is greater than ${words[1]} value ${more}`;
    errors.push(invalidValue(`${field}.${at}[${name}]`, of(shown), why));
  }
  addRatioErrors(of("maxLimitRequestRatio"), of("min"), of("max"), `${field}.maxLimitRequestRatio[${name}]`, errors);
  const [limit, request] = [of("default"), of("defaultRequest")];
  if (limit === undefined || request === undefined || mayBeOvercommitted(name)) return;
  if (compareQuantities(limit, request) === 0) return;
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  errors.push(invalidValue(`${field}.defaultRequest[${name}]`, request, why));
}

function addRatioErrors(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (ratio === undefined) return;
  if (compareQuantities(ratio, "1") < 0) errors.push(invalidValue(field, ratio, `ratio ${ratio} is less than 1`));
  if (min === undefined || max === undefined) return;
  const most = milliValue(max) / milliValue(min);
  if (milliValue(ratio) / 1000 > most)
    errors.push(invalidValue(field, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`));
}
