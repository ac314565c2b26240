/** What a Job is filled in with when it is read, and when it is made (`pkg/apis/batch/v1/defaults.go`, job strategy). */
import type { Job } from "../../../shared/api/generated/batch/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { defaultTemplate } from "../apps/workload.ts";

const BACKOFF_LIMIT = 6;
const NO_LIMIT = 2 ** 31 - 1;
export const UID_LABEL = "batch.kubernetes.io/controller-uid";
export const NAME_LABEL = "batch.kubernetes.io/job-name";
/** As they were called before labels had prefixes. */
export const OLD_UID_LABEL = "controller-uid";
export const OLD_NAME_LABEL = "job-name";

export function defaultJob({ metadata, spec }: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : NO_LIMIT;
  const labels = spec.template.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  for (const { onPodConditions = [] } of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of onPodConditions) if ((pattern.status ?? "") === "") pattern.status = "True";
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
  defaultTemplate(spec.template);
}

/** Selector and labels by the new Job's UID, unless the user chose them; labels that stood in for its own follow. */
export function selectOwnPods(job: Job): void {
  const { metadata, spec } = job;
  if (spec.manualSelector === true) return;
  const uid = metadata.uid ?? "";
  const name = metadata.name ?? "";
  const before = spec.template.metadata?.labels ?? {};
  const labels = {
    [OLD_NAME_LABEL]: name,
    [NAME_LABEL]: name,
    [OLD_UID_LABEL]: uid,
    [UID_LABEL]: uid,
    ...before,
  };
  if (deepEqual(metadata.labels ?? {}, before)) metadata.labels = { ...labels };
  spec.template.metadata = { ...spec.template.metadata, labels };
  const { matchLabels, ...others } = spec.selector ?? {};
  spec.selector = { ...others, matchLabels: { [UID_LABEL]: uid, ...matchLabels } };
}
