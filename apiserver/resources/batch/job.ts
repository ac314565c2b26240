import type { Job } from "../../../shared/api/generated/batch/v1.ts";
import { jobs } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { unixOf } from "../../schema/time.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { humanDuration } from "../../tables/human-duration.ts";
import { podNameWarnings, selectorText, templateColumns } from "../apps/workload.ts";
import { defaultJob, selectOwnPods } from "./job-defaults.ts";
import { validateJobStatusUpdate } from "./job-status-update.ts";
import { validateJobUpdate } from "./job-update.ts";
import { jobSpecWarnings, validateJob } from "./job-validation.ts";

export const jobStrategy = serve<Job>({
  resource: jobs,
  categories: ["all"],
  storagePrefix: "jobs",
  hasGeneration: true,
  defaults: defaultJob,
  prepareForCreate: (job) => {
    selectOwnPods(job);
    job.status = {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateJobStatusUpdate,
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  selectableFields: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },
  defaultPropagation: "Orphan",
  warnings: (next, previous) => {
    if (previous === undefined) return [...podNameWarnings(next.metadata.name), ...jobSpecWarnings(next.spec, "spec")];
    return next.metadata.generation === previous.metadata.generation ? [] : jobSpecWarnings(next.spec, "spec");
  },
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
