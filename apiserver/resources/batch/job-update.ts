/** What may change in a Job (`ValidateJobSpecUpdate`): while it is suspended, where and with what its pods run. */
import type { Job, JobSpec } from "../../../shared/api/generated/batch/v1.ts";
import type { Container, PodSpec, PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { isConditionTrue } from "../../../shared/machinery/conditions.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

const FROZEN = ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] as const;

export function validateJobUpdate(next: Job, previous: Job): FieldError[] {
  const [now, before] = [next.spec, previous.spec];
  return [
    ...completionErrors(now, before),
    ...immutable(now.selector, before.selector, "spec.selector"),
    ...templateErrors(now.template, previous),
    ...FROZEN.flatMap((name) => immutable(now[name], before[name], `spec.${name}`)),
  ];
}

/** An indexed Job is elastic: it grows and shrinks together with its parallelism. */
function completionErrors(next: JobSpec, previous: JobSpec): FieldError[] {
  const { completions, parallelism } = next;
  if (next.completionMode !== "Indexed") return immutable(completions, previous.completions, "spec.completions");
  if (completions === undefined || completions === previous.completions || completions === parallelism) return [];
  return [invalidValue("spec.completions", completions, "can only be modified in tandem with spec.parallelism")];
}

function templateErrors(next: PodTemplateSpec, { spec, status }: Job): FieldError[] {
  const isAtRest = status?.startTime === undefined || isConditionTrue(status.conditions, "Suspended");
  if (spec.suspend !== true || !isAtRest || (status?.active ?? 0) > 0)
    return immutable(next, spec.template, "spec.template");
  const allowed = withPlacementOf(next.spec ?? { containers: [] }, spec.template.spec ?? { containers: [] });
  return immutable(next.spec, withResourcesOf(next.spec ?? { containers: [] }, allowed), "spec.template.spec");
}

/** The old spec, placed as the new one is. */
function withPlacementOf(next: PodSpec, previous: PodSpec): PodSpec {
  const { nodeSelector, tolerations, schedulingGates } = next;
  const { nodeAffinity: _, ...kept } = previous.affinity ?? {};
  const nodeAffinity = next.affinity?.nodeAffinity;
  const affinity = { ...kept, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) };
  const isCleared = next.affinity === undefined && deepEqual(affinity, {});
  return {
    ...previous,
    nodeSelector,
    tolerations,
    schedulingGates,
    affinity: isCleared || (next.affinity === undefined && previous.affinity === undefined) ? undefined : affinity,
  };
}

/** The old spec, with the resources that the new one gives to the same containers. */
function withResourcesOf(next: PodSpec, previous: PodSpec): PodSpec {
  const merged = (now: readonly Container[] | undefined, before: Container[] | undefined): Container[] | undefined => {
    if (now?.length !== before?.length) return before;
    return before?.map((container, index) => {
      const other = now?.[index];
      return other?.name === container.name ? { ...container, resources: other.resources } : container;
    });
  };
  const initContainers = merged(next.initContainers, previous.initContainers);
  return { ...previous, containers: merged(next.containers, previous.containers) ?? [], initContainers };
}
