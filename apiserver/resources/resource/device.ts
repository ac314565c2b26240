/** One device of a slice (`validateDevice`). */
import type {
  CapacityRequestPolicyRange,
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceCounterConsumption,
  DeviceTaint,
} from "../../../shared/api/generated/resource/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { parseQuantity } from "../../../shared/machinery/quantity.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { addNodeSelectorErrors } from "../pod-spec/affinity.ts";
import { bindingErrors } from "./binding-conditions.ts";
import { listErrors, mapErrors, setErrors } from "./bounded.ts";
import { EFFECTS } from "./device-claim.ts";
import { labelErrors, qualifiedErrors, requiredLabelErrors } from "./device-names.ts";

const ATTRIBUTES_MAX = 32;
const ATTRIBUTE_LENGTH_MAX = 64;
const TAINTS_MAX = 16;
const CONSUMPTIONS_MAX = 2;
const COUNTERS_MAX = 32;
const OPTIONS_MAX = 10;
const NANOS = 1_000_000_000n;
/** semver.org 2.0.0 */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/u;

/** Taints know since when they are there, in place. */
export function stampTaints(devices: readonly Device[] | undefined, now: string): void {
  for (const { taints = [] } of devices ?? []) for (const taint of taints) taint.timeAdded ??= now;
}

export function deviceErrors(
  device: Device,
  previous: Device | undefined,
  hasOwnPlace: boolean,
  field: string,
): FieldError[] {
  const { name, attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  const isShared = device.allowMultipleAllocations === true;
  return [
    ...labelErrors(name, `${field}.name`),
    ...(count > ATTRIBUTES_MAX
      ? [invalidValue(field, count, `the total number of attributes and capacities must not exceed ${ATTRIBUTES_MAX}`)]
      : []),
    ...mapErrors(attributes, Number.POSITIVE_INFINITY, `${field}.attributes`, (key, attribute, at) => [
      ...qualifiedErrors(key, at),
      ...attributeErrors(attribute, at),
    ]),
    ...mapErrors(capacity, Number.POSITIVE_INFINITY, `${field}.capacity`, (key, one, at) => [
      ...qualifiedErrors(key, at),
      ...capacityErrors(one, isShared, `${at}.requestPolicy`),
    ]),
    ...(previous !== undefined && deepEqual(previous.taints, device.taints)
      ? []
      : listErrors(taints, TAINTS_MAX, `${field}.taints`, taintErrors)),
    ...setErrors(
      consumesCounters,
      CONSUMPTIONS_MAX,
      `${field}.consumesCounters`,
      consumptionErrors,
      ({ counterSet }) => counterSet,
    ),
    ...placeErrors(device, hasOwnPlace, field),
    ...bindingErrors(device, field),
  ];
}

function attributeErrors(attribute: DeviceAttribute, field: string): FieldError[] {
  const { string, version } = attribute;
  const errors: FieldError[] = [];
  if (string !== undefined && Buffer.byteLength(string) > ATTRIBUTE_LENGTH_MAX)
    errors.push(tooLong(`${field}.string`, ATTRIBUTE_LENGTH_MAX));
  if (version !== undefined) {
    if (!VERSION.test(version))
      errors.push(invalidValue(`${field}.version`, version, "must be a string compatible with semver.org spec 2.0.0"));
    if (version.length > ATTRIBUTE_LENGTH_MAX) errors.push(tooLong(`${field}.version`, ATTRIBUTE_LENGTH_MAX));
  }
  const given = Object.values(attribute).filter((value) => value !== undefined).length;
  if (given !== 1)
    errors.push(invalidValue(field, given === 0 ? "" : attribute, "exactly one value must be specified"));
  return errors;
}

const amountOf = (quantity: string): bigint => parseQuantity(quantity).nanos;
/** Whole units, rounded up as upstream does. */
const unitsOf = (quantity: string): bigint => {
  const nanos = amountOf(quantity);
  return nanos > 0n ? (nanos + NANOS - 1n) / NANOS : nanos / NANOS;
};

function capacityErrors(
  { value, requestPolicy: policy }: DeviceCapacity,
  isShared: boolean,
  field: string,
): FieldError[] {
  if (policy === undefined) return [];
  if (!isShared) return [forbiddenField(field, "allowMultipleAllocations must be true")];
  const { validValues = [], validRange, default: standard } = policy;
  if (validValues.length > 0 && validRange !== undefined) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(field, detail)];
  }
  if (validValues.length > 0) {
    if (standard === undefined) return [required(`${field}.default`, "required when validValues is defined")];
    return optionErrors(validValues, standard, value, `${field}.validValues`);
  }
  if (validRange === undefined) return [];
  if (standard === undefined) return [required(`${field}.default`, "required when validRange is defined")];
  return rangeErrors(validRange, standard, value, `${field}.validRange`);
}

function optionErrors(options: readonly string[], standard: string, capacity: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, option] of options.entries()) {
    const before = options[index - 1];
    if (before !== undefined && amountOf(before) > amountOf(option))
      errors.push(invalidValue(`${field}[${index}]`, option, "values must be sorted in ascending order"));
  }
  if (options.length > OPTIONS_MAX) errors.push(tooMany(field, options.length, OPTIONS_MAX));
  else {
    const units = options.map(unitsOf);
    for (const [index, option] of options.entries()) {
      if (amountOf(option) > amountOf(capacity))
        errors.push(invalidValue(`${field}[${index}]`, option, `option is larger than capacity value: ${capacity}`));
      const unit = unitsOf(option);
      if (units.indexOf(unit) < index) errors.push(duplicate(`${field}[${index}]`, String(unit)));
    }
  }
  if (!options.some((option) => amountOf(option) === amountOf(standard)))
    errors.push(invalidValue(field, standard, "default value is not valid according to the requestPolicy"));
  return errors;
}

function rangeErrors(
  range: CapacityRequestPolicyRange,
  standard: string,
  capacity: string,
  field: string,
): FieldError[] {
  const { max, step } = range;
  const min: string | undefined = range.min;
  if (min === undefined) return [required(`${field}.min`, "required when validRange is defined")];
  const errors: FieldError[] = [];
  const wrong = (name: string, value: string, detail: string): void =>
    void errors.push(invalidValue(`${field}.${name}`, value, detail));
  if (amountOf(min) > amountOf(capacity)) wrong("min", min, `min is larger than capacity value: ${capacity}`);
  if (amountOf(standard) < amountOf(min)) wrong("min", standard, `default is less than min: ${min}`);
  if (max !== undefined) {
    if (amountOf(min) > amountOf(max)) wrong("max", min, `min is larger than max: ${max}`);
    if (amountOf(max) > amountOf(capacity)) wrong("max", max, `max is larger than capacity value: ${capacity}`);
    if (amountOf(standard) > amountOf(max)) wrong("max", standard, `default is more than max: ${max}`);
  }
  const stride = step === undefined ? 0n : unitsOf(step);
  if (step === undefined || stride === 0n) return errors;
  if (amountOf(min) + amountOf(step) > amountOf(capacity))
    wrong("step", step, `one step ${step} is larger than capacity value: ${capacity}`);
  for (const value of max === undefined ? [standard] : [standard, max]) {
    if ((unitsOf(value) - unitsOf(min)) % stride !== 0n)
      wrong("step", value, `value is not a multiple of a given step (${step}) from (${min})`);
  }
  return errors;
}

function taintErrors({ key, value = "", effect }: DeviceTaint, field: string): FieldError[] {
  return [
    ...invalidFor(`${field}.key`, key, qualifiedNameProblems(key)),
    ...(value === "" ? [] : invalidFor(`${field}.value`, value, labelValueProblems(value))),
    ...(effect === ""
      ? [required(`${field}.effect`)]
      : EFFECTS.includes(effect)
        ? []
        : [notSupported(`${field}.effect`, effect, EFFECTS)]),
  ];
}

function consumptionErrors({ counterSet, counters }: DeviceCounterConsumption, field: string): FieldError[] {
  return [
    ...requiredLabelErrors(counterSet, `${field}.counterSet`),
    ...(Object.keys(counters).length === 0
      ? [required(`${field}.counters`)]
      : mapErrors(counters, COUNTERS_MAX, `${field}.counters`, (key, _counter, at) => labelErrors(key, at))),
  ];
}

/** Where a device can be reached from, when each of the slice says so itself. */
function placeErrors({ nodeName, nodeSelector, allNodes }: Device, hasOwnPlace: boolean, field: string): FieldError[] {
  if (!hasOwnPlace) {
    if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
    const detail =
      "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    return [invalidValue(field, undefined, detail)];
  }
  const errors: FieldError[] = [];
  const given: string[] = [];
  if (nodeName === "") errors.push(invalidValue(`${field}.nodeName`, nodeName, "must not be empty"));
  else if (nodeName !== undefined) {
    given.push("`nodeName`");
    errors.push(...invalidFor(`${field}.nodeName`, nodeName, dnsSubdomainProblems(nodeName)));
  }
  if (nodeSelector !== undefined) {
    given.push("`nodeSelector`");
    addNodeSelectorErrors(nodeSelector, `${field}.nodeSelector`, errors);
  }
  if (allNodes === true) given.push("`allNodes`");
  if (allNodes === false)
    errors.push(invalidValue(`${field}.allNodes`, allNodes, "must be either unset or set to true"));
  const rule =
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  if (given.length === 0) errors.push(required(field, rule));
  if (given.length > 1) errors.push(invalidValue(field, `{${given.join(", ")}}`, rule));
  return errors;
}
