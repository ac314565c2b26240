import type { Job } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { jobs } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { unixOf } from "../../schema/time.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { humanDuration } from "../../tables/human-duration.ts";
import { required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { selectorText, templateColumns } from "../apps/workload.ts";
import { defaultJobSpec, validateJobSpec } from "./job-spec.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const UID_LABEL = "batch.kubernetes.io/controller-uid";
const NAME_LABEL = "batch.kubernetes.io/job-name";

export const jobStrategy = serve<Job>({
  resource: jobs,
  categories: ["all"],
  storagePrefix: "jobs",
  hasGeneration: true,
  defaults: (job) => {
    defaultJobSpec(job.spec);
    selectOwnPods(job);
    const labels = job.spec.template.metadata?.labels;
    if (job.metadata.labels === undefined && labels !== undefined) job.metadata.labels = { ...labels };
  },
  prepareForCreate: (job) => {
    job.status = {};
    selectOwnPods(job);
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: (job) => [...validateJobSpec(job.spec, "spec"), ...selectorErrors(job)],
  validateUpdate: (next, previous) => [
    ...immutable(next.spec.completionMode, previous.spec.completionMode, "spec.completionMode"),
    ...immutable(next.spec.selector, previous.spec.selector, "spec.selector"),
    ...(previous.spec.suspend === true ? [] : immutable(next.spec.template, previous.spec.template, "spec.template")),
  ],
  selectableFields: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },
  defaultPropagation: "Orphan",
  warnings: ({ spec }) => podTemplateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn,
    textColumn("Status", "What it is at.", jobStatus),
    textColumn("Completions", "How often it succeeded, of how often it should.", completions),
    textColumn("Duration", "How long it ran.", duration),
    ageColumn,
    ...templateColumns<Job>(
      ({ spec }) => spec.template.spec?.containers ?? [],
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  example: {
    metadata: { uid: "7a1f1c1e-0000-4000-8000-000000000001" },
    spec: {
      template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.example/main:1" }] } },
    },
  },
});

/** Selector and labels by the job's UID, as soon as it has one. */
function selectOwnPods(job: Job): void {
  const { uid, name } = job.metadata;
  if (job.spec.manualSelector === true || (uid ?? "") === "" || (name ?? "") === "" || uid === undefined) return;
  job.spec.selector ??= { matchLabels: { [UID_LABEL]: uid } };
  job.spec.template.metadata ??= {};
  job.spec.template.metadata.labels = {
    "controller-uid": uid,
    "job-name": name,
    [UID_LABEL]: uid,
    [NAME_LABEL]: name,
    ...job.spec.template.metadata.labels,
  };
}

function selectorErrors(job: Job): FieldError[] {
  return job.spec.selector === undefined && (job.metadata.uid ?? "") !== "" ? [required("spec.selector")] : [];
}

function jobStatus(job: Job): string {
  const holds = (type: string): boolean =>
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (holds("Suspended")) return "Suspended";
  if (holds("FailureTarget")) return "FailureTarget";
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status }: Job, nowMs: number): string {
  const start = unixOf(status?.startTime ?? "");
  if (start === undefined) return "";
  const end = unixOf(status?.completionTime ?? "");
  return humanDuration((end === undefined ? nowMs : end.seconds * 1000) - start.seconds * 1000);
}
