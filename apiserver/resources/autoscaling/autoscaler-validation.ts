/** Rules of HorizontalPodAutoscalers (`pkg/apis/autoscaling/validation`). */
import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from "../../../shared/api/generated/autoscaling/v2.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { addNegativeErrors } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { addMetricErrors, addReferenceErrors } from "./metric-validation.ts";

const PERIOD_SECONDS_MAX = 1800;
const WINDOW_SECONDS_MAX = 3600;
const POLICY_TYPES = ["Percent", "Pods"];
const SELECTIONS = ["Disabled", "Max", "Min"];

/** An autoscaler that may already go to zero may go on doing so. */
export function validateAutoscaler(
  { spec }: HorizontalPodAutoscaler,
  previous?: HorizontalPodAutoscaler,
): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas, metrics = [], behavior } = spec;
  const lowest = previous?.spec.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < lowest)
    errors.push(invalidValue("spec.minReplicas", minReplicas, `must be greater than or equal to ${lowest}`));
  if (maxReplicas < 1) errors.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  addReferenceErrors(spec.scaleTargetRef, "spec.scaleTargetRef", errors);
  metrics.forEach((metric, index) => addMetricErrors(metric, `spec.metrics[${index}]`, errors));
  const wakes = metrics.some(({ type }) => type === "Object" || type === "External");
  if (minReplicas === 0 && !wakes)
    errors.push(
      forbiddenField(
        "spec.metrics",
        "must specify at least one Object or External metric to support scaling to zero replicas",
      ),
    );
  addScalingErrors(behavior?.scaleUp, "spec.behavior.scaleUp", errors);
  addScalingErrors(behavior?.scaleDown, "spec.behavior.scaleDown", errors);
  return errors;
}

function addScalingErrors(rules: HPAScalingRules | undefined, field: string, errors: FieldError[]): void {
  if (rules === undefined) return;
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules;
  const at = `${field}.stabilizationWindowSeconds`;
  if (window < 0) errors.push(invalidValue(at, window, "must be greater than or equal to zero"));
  if (window > WINDOW_SECONDS_MAX)
    errors.push(invalidValue(at, window, `must be less than or equal to ${WINDOW_SECONDS_MAX}`));
  if (selectPolicy !== undefined && !SELECTIONS.includes(selectPolicy))
    errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, SELECTIONS));
  if (policies.length === 0) errors.push(required(`${field}.policies`, "must specify at least one Policy"));
  policies.forEach((policy, index) => addPolicyErrors(policy, `${field}.policies[${index}]`, errors));
  if (tolerance !== undefined && compareQuantities(tolerance, "0") < 0)
    errors.push(invalidValue(`${field}.tolerance`, tolerance, "must be greater than or equal to 0"));
}

function addPolicyErrors({ type, value, periodSeconds }: HPAScalingPolicy, field: string, errors: FieldError[]): void {
  if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, POLICY_TYPES));
  // Through annotations of the older version they come without values, too.
  if (!(value > 0)) errors.push(invalidValue(`${field}.value`, value, "must be greater than zero"));
  const at = `${field}.periodSeconds`;
  if (!(periodSeconds > 0)) errors.push(invalidValue(at, periodSeconds, "must be greater than zero"));
  if (periodSeconds > PERIOD_SECONDS_MAX)
    errors.push(invalidValue(at, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`));
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  addNegativeErrors(errors, "status.currentReplicas", status?.currentReplicas);
  addNegativeErrors(errors, "status.desiredReplicas", status?.desiredReplicas);
  return errors;
}
