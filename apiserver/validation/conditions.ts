import type { Condition } from "../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../shared/machinery/label-syntax.ts";
import { duplicate, invalidFor, invalidValue, notSupported, required, tooLong } from "./field-errors.ts";

const STATUSES = ["False", "True", "Unknown"];
const REASON_FORM = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const REASON = new RegExp(`^${REASON_FORM}$`, "u");
const REASON_RULE = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON_FORM}')`;
const REASON_LENGTH_MAX = 1024;
const MESSAGE_LENGTH_MAX = 32 * 1024;

/** Rules of a list of `metav1.Condition` (`ValidateConditions` of `apimachinery/pkg/apis/meta/v1/validation`). */
export function conditionErrors(conditions: readonly Condition[], field: string): FieldError[] {
  const types = conditions.map(({ type }) => type);
  return conditions.flatMap((condition, index) => [
    ...(types.indexOf(condition.type) < index ? [duplicate(`${field}[${index}].type`, condition.type)] : []),
    ...oneErrors(condition, `${field}[${index}]`),
  ]);
}

function oneErrors(condition: Condition, field: string): FieldError[] {
  const { type, status, reason, observedGeneration = 0 } = condition;
  const given: Partial<Condition> = condition;
  return [
    ...invalidFor(`${field}.type`, type, qualifiedNameProblems(type)),
    ...(STATUSES.includes(status) ? [] : [notSupported(`${field}.status`, status, STATUSES)]),
    ...(observedGeneration < 0
      ? [invalidValue(`${field}.observedGeneration`, observedGeneration, "must be greater than or equal to zero")]
      : []),
    ...((given.lastTransitionTime ?? "") === "" ? [required(`${field}.lastTransitionTime`, "must be set")] : []),
    ...reasonErrors(reason, `${field}.reason`),
    ...(Buffer.byteLength(given.message ?? "") > MESSAGE_LENGTH_MAX
      ? [tooLong(`${field}.message`, MESSAGE_LENGTH_MAX)]
      : []),
  ];
}

function reasonErrors(reason: string, field: string): FieldError[] {
  if (reason === "") return [required(field, "must be set")];
  return [
    ...(REASON.test(reason) ? [] : [invalidValue(field, reason, REASON_RULE)]),
    ...(Buffer.byteLength(reason) > REASON_LENGTH_MAX ? [tooLong(field, REASON_LENGTH_MAX)] : []),
  ];
}
