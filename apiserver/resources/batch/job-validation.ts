/** Rules of Jobs themselves: their selector, and the names of their pods (`ValidateJob`). */
import type { Job, JobSpec } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { mismatchErrors } from "../apps/workload.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";
import { NAME_LABEL, OLD_NAME_LABEL, OLD_UID_LABEL, UID_LABEL } from "./job-defaults.ts";
import { validateJobSpec } from "./job-spec.ts";

const MANY_COMPLETIONS = 100_000;
const MANY_PARALLEL = 10_000;

export function validateJob(job: Job, previous?: Job): FieldError[] {
  const { selector } = job.spec;
  const wrongs = validateLabelSelector(selector, "spec.selector");
  return [
    ...(wrongs.length > 0 ? [] : generatedErrors(job, previous)),
    ...validateJobSpec(job.spec, "spec"),
    ...(selector === undefined ? [required("spec.selector")] : wrongs),
    ...(wrongs.length > 0 ? [] : mismatchErrors(selector, job.spec.template)),
    ...hostNameErrors(job),
  ];
}

/** A selector that nobody chose, and the labels it selects, are as the server makes them. */
function generatedErrors({ metadata, spec }: Job, previous: Job | undefined): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const { uid = "", name } = metadata;
  const before = previous?.spec.template.metadata?.labels;
  const isOld = previous !== undefined && (before?.[NAME_LABEL] === undefined || before[UID_LABEL] === undefined);
  const expected = {
    [OLD_UID_LABEL]: uid,
    [OLD_NAME_LABEL]: name,
    ...(isOld ? {} : { [UID_LABEL]: uid, [NAME_LABEL]: name }),
  };
  const labels = spec.template.metadata?.labels ?? {};
  const errors = Object.entries(expected).flatMap(([key, value]) => {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) return [required(at, `must be '${value}'`)];
    return labels[key] === value ? [] : [invalidValue(at, labels, `must be '${value}'`)];
  });
  if (uid === "") errors.unshift(required("metadata.uid"));
  if (!selectorOf(spec.selector).matches(expected))
    errors.push(invalidValue("spec.selector", spec.selector, "`selector` not auto-generated"));
  return errors;
}

/** Pods of an indexed Job are hosts, called after it and their index. */
function hostNameErrors({ metadata: { name }, spec: { completionMode, completions = 0 } }: Job): FieldError[] {
  if (completionMode !== "Indexed" || completions <= 0) return [];
  const host = `${name}-${completions - 1}`;
  if (dnsLabelProblems(host).length === 0) return [];
  return [invalidValue("metadata.name", name, `will not able to create pod with invalid DNS label: ${host}`)];
}

/** Texts for `Warning` headers about a spec that stands at `field`. */
export function jobSpecWarnings(spec: JobSpec, field: string): string[] {
  const isHuge = (spec.completions ?? 0) > MANY_COMPLETIONS && (spec.parallelism ?? 0) > MANY_PARALLEL;
  const why =
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
  return [
    ...(spec.completionMode === "Indexed" && isHuge ? [`${field}: ${why}`] : []),
    ...podTemplateWarnings(spec.template, `${field}.template`),
  ];
}
