/** Defaults and rules of job specs, in Jobs and in the templates of CronJobs. */
import type { JobSpec } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { notSupported, required } from "../../validation/field-errors.ts";
import { countErrors, defaultTemplate } from "../apps/workload.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";

const BACKOFF_LIMIT = 6;
const COMPLETION_MODES = ["Indexed", "NonIndexed"];
const RESTART_POLICIES = ["Never", "OnFailure"];

export function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : 2 ** 31 - 1;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  defaultTemplate(spec.template);
}

export function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? "";
  const mode = spec.completionMode ?? "";
  return [
    ...countErrors({
      [`${field}.parallelism`]: spec.parallelism,
      [`${field}.completions`]: spec.completions,
      [`${field}.backoffLimit`]: spec.backoffLimit,
      [`${field}.activeDeadlineSeconds`]: spec.activeDeadlineSeconds,
      [`${field}.ttlSecondsAfterFinished`]: spec.ttlSecondsAfterFinished,
    }),
    ...validatePodTemplate(spec.template, `${field}.template`),
    ...(COMPLETION_MODES.includes(mode) ? [] : [notSupported(`${field}.completionMode`, mode, COMPLETION_MODES)]),
    ...(mode === "Indexed" && spec.completions === undefined
      ? [required(`${field}.completions`, "when completion mode is Indexed")]
      : []),
    ...(RESTART_POLICIES.includes(policy)
      ? []
      : [{ ...required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"') }]),
  ];
}
