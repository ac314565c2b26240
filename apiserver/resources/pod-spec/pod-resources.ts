/** Rules and defaults of `spec.resources`: what a pod may use as a whole, over what its containers say. */
import type { Container, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { forbiddenField, invalidValue } from "../../validation/field-errors.ts";
import { aggregateResources } from "./aggregate-resources.ts";
import { isHugePages } from "./resource-names.ts";
import { addPodRequirementErrors } from "./resources.ts";

/** Resources that a pod can have as a whole. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePages(name);
}

export function addPodResourceErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const at = `${field}.resources`;
  if (spec.os?.name === "windows") {
    errors.push(forbiddenField(at, "may not be set for a windows pod"));
    return;
  }
  addPodRequirementErrors(resources, at, errors);
  addAggregateErrors(spec, "requests", () => true, at, errors);
  addAggregateErrors(spec, "limits", isHugePages, at, errors);
  spec.containers.forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const whole = resources.limits?.[name];
      if (whole !== undefined && compareQuantities(limit, whole) > 0)
        errors.push(
          invalidValue(
            `${at}.containers[${index}][${name}].limits`,
            limit,
            `must be less than or equal to pod limits of ${whole}`,
          ),
        );
    }
  });
}

function addAggregateErrors(
  spec: PodSpec,
  kind: "limits" | "requests",
  isAsked: (name: string) => boolean,
  field: string,
  errors: FieldError[],
): void {
  for (const [name, sum] of Object.entries(aggregateResources(spec, kind))) {
    const whole = spec.resources?.[kind]?.[name];
    if (whole === undefined || !isAsked(name) || compareQuantities(sum, whole) <= 0) continue;
    const rule = `must be greater than or equal to aggregate container ${kind} of ${sum}`;
    errors.push(invalidValue(`${field}.${kind}[${name}]`, whole, rule));
  }
}

function hasAny(list: Readonly<Record<string, string>> | undefined): boolean {
  return list !== undefined && Object.keys(list).length > 0;
}

/** What a pod that says something about itself as a whole leaves out follows from its containers, and from its limits. */
export function defaultPodResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined || (!hasAny(resources.limits) && !hasAny(resources.requests))) return;
  const limits = aggregateResources(spec, "limits");
  for (const [name, sum] of Object.entries(limits)) {
    if (isHugePages(name) && resources.requests?.[name] === undefined)
      resources.limits = { [name]: sum, ...resources.limits };
  }
  if (hasAny(resources.limits)) {
    const requests = { ...resources.requests };
    for (const [name, sum] of Object.entries(aggregateResources(spec, "requests")))
      if (name === "cpu" || name === "memory") requests[name] ??= sum;
    for (const [name, limit] of Object.entries(resources.limits ?? {}))
      if (isPodLevelResource(name)) requests[name] ??= limit;
    if (hasAny(requests)) resources.requests = requests;
    return;
  }
  for (const name of ["cpu", "memory"] as const) {
    const sum = limits[name];
    if (sum !== undefined && containersThatCount(spec).every((container) => container.resources?.limits?.[name]))
      resources.limits = { ...resources.limits, [name]: sum };
  }
}

function containersThatCount(spec: PodSpec): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])];
}
