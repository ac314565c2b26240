/** Rules of `tolerations`, and of the effects that taints have too. */
import type { Toleration } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { invalidValue, notSupported, notSupportedInOrder } from "../../validation/field-errors.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const OPERATORS = ["Equal", "Exists"];
/** Known to the API, and switched off in this version. */
const COMPARISONS = ["Lt", "Gt"];

export function addEffectErrors(effect: string, field: string, errors: FieldError[]): void {
  if (!EFFECTS.includes(effect)) errors.push(notSupportedInOrder(field, effect, EFFECTS));
}

export function addTolerationErrors(
  tolerations: readonly Toleration[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  tolerations?.forEach((toleration, index) => addOneErrors(toleration, `${field}[${index}]`, errors));
}

function addOneErrors(toleration: Toleration, field: string, errors: FieldError[]): void {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
  if (key !== "") addInvalid(errors, `${field}.key`, key, qualifiedNameProblems(key));
  else if (operator !== "Exists")
    errors.push(
      invalidValue(
        `${field}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  if (tolerationSeconds !== undefined && effect !== "NoExecute")
    errors.push(invalidValue(`${field}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  if (operator === "" || operator === "Equal") {
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.push(invalidValue(`${field}.operator`, value, problems.join(";")));
  } else if (operator === "Exists") {
    if (value !== "")
      errors.push(invalidValue(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  } else {
    const known = COMPARISONS.includes(operator) ? [...OPERATORS, ...COMPARISONS] : OPERATORS;
    errors.push(
      known === OPERATORS
        ? notSupported(`${field}.operator`, operator, known)
        : notSupportedInOrder(`${field}.operator`, operator, known),
    );
  }
  if (effect !== "") addEffectErrors(effect, `${field}.effect`, errors);
}
