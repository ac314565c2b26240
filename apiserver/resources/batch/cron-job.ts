import type { CronJob } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { cronJobs } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { ageOf } from "../../tables/human-duration.ts";
import { invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { countErrors, selectorText, templateColumns } from "../apps/workload.ts";
import { defaultJobSpec, validateJobSpec } from "./job-spec.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const POLICIES = ["Allow", "Forbid", "Replace"];
const SUCCESSFUL_KEPT = 3;
const FAILED_KEPT = 1;
/** Names of jobs add eleven characters to this. */
const NAME_LENGTH_MAX = 52;
const FIELDS = 5;

export const cronJobStrategy = serve<CronJob>({
  resource: cronJobs,
  shortNames: ["cj"],
  categories: ["all"],
  storagePrefix: "cronjobs",
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.concurrencyPolicy ??= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= SUCCESSFUL_KEPT;
    spec.failedJobsHistoryLimit ??= FAILED_KEPT;
    spec.jobTemplate.spec ??= { template: {} };
    defaultJobSpec(spec.jobTemplate.spec);
  },
  prepareForCreate: (cronJob) => {
    delete cronJob.status;
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateCronJob,
  warnings: ({ spec }) => podTemplateWarnings(spec.jobTemplate.spec?.template ?? {}, "spec.jobTemplate.spec.template"),
  columns: [
    nameColumn,
    textColumn("Schedule", "When it runs.", ({ spec }) => spec.schedule),
    textColumn("Timezone", "Time zone of the schedule.", ({ spec }) => orNone(spec.timeZone)),
    { name: "Suspend", type: "boolean", description: "Whether it pauses.", cell: ({ spec }) => spec.suspend ?? false },
    countColumn("Active", "Jobs that run now.", ({ status }) => status?.active?.length ?? 0),
    textColumn("Last Schedule", "How long ago it ran last.", ({ status }, nowMs) =>
      status?.lastScheduleTime === undefined ? "<none>" : ageOf(status.lastScheduleTime, nowMs),
    ),
    ageColumn,
    ...templateColumns<CronJob>(
      ({ spec }) => spec.jobTemplate.spec?.template.spec?.containers ?? [],
      ({ spec }) => selectorText(spec.jobTemplate.spec?.selector),
    ),
  ],
  example: {
    spec: {
      schedule: "*/5 * * * *",
      jobTemplate: {
        spec: {
          template: {
            spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.example/main:1" }] },
          },
        },
      },
    },
  },
});

function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const policy = spec.concurrencyPolicy ?? "";
  const isSchedule = spec.schedule.startsWith("@") || spec.schedule.trim().split(/\s+/).length === FIELDS;
  return [
    ...(spec.schedule === ""
      ? [required("spec.schedule")]
      : isSchedule
        ? []
        : [
            invalidValue(
              "spec.schedule",
              spec.schedule,
              `expected exactly 5 fields, found ${spec.schedule.trim().split(/\s+/).length}: [${spec.schedule}]`,
            ),
          ]),
    ...(POLICIES.includes(policy) ? [] : [notSupported("spec.concurrencyPolicy", policy, POLICIES)]),
    ...countErrors({
      "spec.startingDeadlineSeconds": spec.startingDeadlineSeconds,
      "spec.successfulJobsHistoryLimit": spec.successfulJobsHistoryLimit,
      "spec.failedJobsHistoryLimit": spec.failedJobsHistoryLimit,
    }),
    ...validateJobSpec(spec.jobTemplate.spec ?? { template: {} }, "spec.jobTemplate.spec"),
    ...((metadata.name ?? "").length > NAME_LENGTH_MAX
      ? [invalidValue("metadata.name", metadata.name, `must be no more than ${NAME_LENGTH_MAX} characters`)]
      : []),
  ];
}
