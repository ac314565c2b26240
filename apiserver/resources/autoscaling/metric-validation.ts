/** Rules of what an autoscaler measures (`validateMetricSpec`). */
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from "../../../shared/api/generated/autoscaling/v2.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { addInvalid, addNameErrors } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, pathSegmentProblems } from "../../validation/names.ts";
import { addContainerResourceNameErrors } from "../pod-spec/resources.ts";

const SOURCES = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
} as const;
const TYPES = Object.keys(SOURCES);
/** As upstream goes through them: rules are asked of the first that is there. */
const ORDER = ["object", "external", "pods", "resource", "containerResource"] as const;
const TARGET_TYPES = ["Utilization", "Value", "AverageValue"];

const isKnown = (type: string): type is keyof typeof SOURCES => TYPES.includes(type);

export function addMetricErrors(metric: MetricSpec, field: string, errors: FieldError[]): void {
  const at = `${field}.type`;
  if (metric.type === "") errors.push(required(at, "must specify a metric source type"));
  if (!isKnown(metric.type)) errors.push(notSupported(at, metric.type, TYPES));
  const present = ORDER.filter((name) => metric[name] !== undefined);
  if (present[0] !== undefined) addSourceErrors(metric, present[0], `${field}.${present[0]}`, errors);
  const expected = isKnown(metric.type) ? SOURCES[metric.type] : undefined;
  if (expected === undefined) errors.push(notSupported(at, metric.type, TYPES));
  else if (metric[expected] === undefined)
    errors.push(required(`${field}.${expected}`, "must populate information for the given metric source"));
  if (present.length === 1) return;
  for (const name of present)
    if (name !== expected)
      errors.push(forbiddenField(`${field}.${name}`, "must populate the given metric source only"));
}

function addSourceErrors(metric: MetricSpec, name: (typeof ORDER)[number], field: string, errors: FieldError[]): void {
  if (name === "object" && metric.object !== undefined) addObjectErrors(metric.object, field, errors);
  if (name === "external" && metric.external !== undefined) addExternalErrors(metric.external, field, errors);
  if (name === "pods" && metric.pods !== undefined) addPodsErrors(metric.pods, field, errors);
  if (name === "resource" && metric.resource !== undefined) addResourceErrors(metric.resource, field, errors);
  if (name === "containerResource" && metric.containerResource !== undefined)
    addContainerErrors(metric.containerResource, field, errors);
}

function addObjectErrors(source: ObjectMetricSource, field: string, errors: FieldError[]): void {
  addReferenceErrors(source.describedObject, `${field}.describedObject`, errors);
  addIdentifierErrors(source.metric, `${field}.metric`, errors);
  addTargetErrors(source.target, `${field}.target`, errors);
  if (source.target.value === undefined && source.target.averageValue === undefined)
    errors.push(required(`${field}.target.averageValue`, "must set either a target value or averageValue"));
}

function addExternalErrors({ metric, target }: ExternalMetricSource, field: string, errors: FieldError[]): void {
  addIdentifierErrors(metric, `${field}.metric`, errors);
  addTargetErrors(target, `${field}.target`, errors);
  if (target.value === undefined && target.averageValue === undefined)
    errors.push(
      required(`${field}.target.averageValue`, "must set either a target value for metric or a per-pod target"),
    );
  if (target.value !== undefined && target.averageValue !== undefined)
    errors.push(
      forbiddenField(`${field}.target.value`, "may not set both a target value for metric and a per-pod target"),
    );
}

function addPodsErrors({ metric, target }: PodsMetricSource, field: string, errors: FieldError[]): void {
  addIdentifierErrors(metric, `${field}.metric`, errors);
  addTargetErrors(target, `${field}.target`, errors);
  if (target.averageValue === undefined)
    errors.push(required(`${field}.target.averageValue`, "must specify a positive target averageValue"));
}

function addContainerErrors(source: ContainerResourceMetricSource, field: string, errors: FieldError[]): void {
  if (source.name === "") errors.push(required(`${field}.name`, "must specify a resource name"));
  else addContainerResourceNameErrors(source.name, `${field}.name`, errors);
  if (source.container === "") errors.push(required(`${field}.container`, "must specify a container"));
  else addInvalid(errors, `${field}.container`, source.container, dnsLabelProblems(source.container));
  addUsageErrors(source.target, `${field}.target`, errors);
}

function addResourceErrors({ name, target }: ResourceMetricSource, field: string, errors: FieldError[]): void {
  if (name === "") errors.push(required(`${field}.name`, "must specify a resource name"));
  addUsageErrors(target, `${field}.target`, errors);
}

/** Usage of a resource: a share of what was requested, or an amount. */
function addUsageErrors(target: MetricTarget, field: string, errors: FieldError[]): void {
  addTargetErrors(target, field, errors);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${field}.averageUtilization`, "must set either a target raw value or a target utilization"));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(
      forbiddenField(`${field}.averageValue`, "may not set both a target raw value and a target utilization"),
    );
}

function addTargetErrors(target: MetricTarget, field: string, errors: FieldError[]): void {
  const { type, averageUtilization } = target;
  if (type === "") errors.push(required(`${field}.type`, "must specify a metric target type"));
  if (!TARGET_TYPES.includes(type))
    errors.push(invalidValue(`${field}.type`, type, "must be either Utilization, Value, or AverageValue"));
  for (const name of ["value", "averageValue"] as const) {
    const amount = target[name];
    if (amount !== undefined && compareQuantities(amount, "0") <= 0)
      errors.push(invalidValue(`${field}.${name}`, amount, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidValue(`${field}.averageUtilization`, averageUtilization, "must be greater than 0"));
}

function addIdentifierErrors({ name }: MetricIdentifier, field: string, errors: FieldError[]): void {
  if (name === "") errors.push(required(`${field}.name`, "must specify a metric name"));
  else addInvalid(errors, `${field}.name`, name, pathSegmentProblems(name));
}

/** What is scaled, or measured: a kind and a name, each a segment of a path. */
export function addReferenceErrors(
  { kind, name }: CrossVersionObjectReference,
  field: string,
  errors: FieldError[],
): void {
  addNameErrors(errors, `${field}.kind`, kind, pathSegmentProblems);
  addNameErrors(errors, `${field}.name`, name, pathSegmentProblems);
}
