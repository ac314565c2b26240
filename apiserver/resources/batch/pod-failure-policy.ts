/** What a Job does about pods that fail in a certain way (KEP-3329; `validatePodFailurePolicy`). */
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { addInvalid } from "../../validation/error-list.ts";
import {
  duplicate,
  invalidField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from "../../validation/field-errors.ts";

const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const CONDITIONS_MAX = 20;
const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS = ["In", "NotIn"];
const STATUSES = ["False", "True", "Unknown"];

export function addFailurePolicyErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  if (spec.podFailurePolicy === undefined) return;
  const { rules } = spec.podFailurePolicy;
  if (rules.length > RULES_MAX) errors.push(tooMany(`${field}.rules`, rules.length, RULES_MAX));
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  const isPerIndex = spec.backoffLimitPerIndex !== undefined;
  rules.forEach((rule, index) => addRuleErrors(rule, isPerIndex, names, `${field}.rules[${index}]`, errors));
}

function addRuleErrors(
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  isPerIndex: boolean,
  containers: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  if (action === "FailIndex" && !isPerIndex)
    errors.push(invalidValue(`${field}.action`, action, "requires the backoffLimitPerIndex to be set"));
  else addChoiceErrors(action, ACTIONS, `${field}.action`, errors);
  if (onExitCodes !== undefined) addExitCodeErrors(onExitCodes, containers, `${field}.onExitCodes`, errors);
  addConditionErrors(onPodConditions, `${field}.onPodConditions`, errors);
  const hasConditions = onPodConditions.length > 0;
  if (onExitCodes !== undefined && hasConditions)
    errors.push(invalidField(field, "specifying both OnExitCodes and OnPodConditions is not supported"));
  if (onExitCodes === undefined && !hasConditions)
    errors.push(invalidField(field, "specifying one of OnExitCodes and OnPodConditions is required"));
}

function addChoiceErrors(
  value: string | undefined,
  known: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  const list = known.map((one) => JSON.stringify(one)).join(" ");
  if (value === undefined || value === "") errors.push(required(field, `valid values: [${list}]`));
  else if (!known.includes(value)) errors.push(notSupported(field, value, known));
}

function addConditionErrors(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  field: string,
  errors: FieldError[],
): void {
  if (patterns.length > CONDITIONS_MAX) errors.push(tooMany(field, patterns.length, CONDITIONS_MAX));
  patterns.forEach(({ type, status }, index) => {
    addInvalid(errors, `${field}[${index}].type`, type, qualifiedNameProblems(type));
    addChoiceErrors(status, STATUSES, `${field}[${index}].status`, errors);
  });
}

function addExitCodeErrors(
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  addChoiceErrors(operator, OPERATORS, `${field}.operator`, errors);
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(
      invalidValue(
        `${field}.containerName`,
        containerName,
        "must be one of the container or initContainer names in the pod template",
      ),
    );
  const at = `${field}.values`;
  if (values.length === 0) errors.push(invalidValue(at, values, "at least one value is required"));
  else if (values.length > EXIT_CODES_MAX) errors.push(tooMany(at, values.length, EXIT_CODES_MAX));
  values.forEach((code, index) => {
    if (operator === "In" && code === 0)
      errors.push(invalidValue(`${at}[${index}]`, code, "must not be 0 for the In operator"));
    if (values.indexOf(code) < index) errors.push(duplicate(`${at}[${index}]`, code));
  });
  const isOrdered = values.every((code, index) => code >= (values[index - 1] ?? code));
  if (!isOrdered) errors.push(invalidValue(at, values, "must be ordered"));
}
