import type { CronJob, CronJobSpec } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { scheduleProblem } from "../../../shared/machinery/cron-schedule.ts";
import { cronJobs } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { ageOf } from "../../tables/human-duration.ts";
import { addChoiceErrors, addNegativeErrors } from "../../validation/error-list.ts";
import { invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { defaultTemplate, podNameWarnings, selectorText, templateColumns } from "../apps/workload.ts";
import { validateJobSpec } from "./job-spec.ts";
import { jobSpecWarnings } from "./job-validation.ts";
import { isTimeZone, timeZoneErrors } from "./time-zone.ts";

const POLICIES = ["Allow", "Forbid", "Replace"];
const SUCCESSFUL_KEPT = 3;
const FAILED_KEPT = 1;
/** Names of jobs add eleven characters to this. */
const NAME_LENGTH_MAX = 52;
const JOB_SPEC = "spec.jobTemplate.spec";

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
    defaultTemplate(spec.jobTemplate.spec.template);
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
  validateCreate: ({ metadata: { name } }) =>
    name.length > NAME_LENGTH_MAX
      ? [invalidValue("metadata.name", name, `must be no more than ${NAME_LENGTH_MAX} characters`)]
      : [],
  warnings: cronJobWarnings,
  columns: [
    nameColumn,
    textColumn("Schedule", "When it runs.", ({ spec }) => spec.schedule),
    textColumn("Timezone", "Time zone of the schedule.", ({ spec }) => orNone(spec.timeZone)),
    { name: "Suspend", type: "boolean", description: "Whether it pauses.", cell: suspendText },
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

/** A word, in a column of booleans. */
function suspendText({ spec: { suspend } }: CronJob): string {
  if (suspend === undefined) return "<unset>";
  return suspend ? "True" : "False";
}

function validateCronJob({ spec }: CronJob, previous?: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  addScheduleErrors(spec, previous?.spec, errors);
  addNegativeErrors(errors, "spec.startingDeadlineSeconds", spec.startingDeadlineSeconds);
  if (previous === undefined || previous.spec.timeZone !== spec.timeZone)
    errors.push(...timeZoneErrors(spec.timeZone, "spec.timeZone"));
  addChoiceErrors(errors, "spec.concurrencyPolicy", spec.concurrencyPolicy, POLICIES);
  addJobErrors(spec, errors);
  addNegativeErrors(errors, "spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit);
  addNegativeErrors(errors, "spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit);
  return errors;
}

/** Zones in schedules were taken once; those that have one keep it. */
function addScheduleErrors(
  { schedule, timeZone }: CronJobSpec,
  previous: CronJobSpec | undefined,
  errors: FieldError[],
): void {
  const field = "spec.schedule";
  if (schedule === "") {
    errors.push(required(field));
    return;
  }
  const problem = scheduleProblem(schedule, isTimeZone);
  if (problem !== undefined) errors.push(invalidValue(field, schedule, problem));
  if (!schedule.includes("TZ")) return;
  if (previous?.schedule.includes("TZ") !== true)
    errors.push(invalidValue(field, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
  else if (timeZone !== undefined)
    errors.push(invalidValue(field, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"));
}

function addJobErrors({ jobTemplate }: CronJobSpec, errors: FieldError[]): void {
  const spec = jobTemplate.spec ?? { template: {} };
  errors.push(...validateJobSpec(spec, JOB_SPEC));
  if (spec.selector !== undefined)
    errors.push(invalidValue(`${JOB_SPEC}.selector`, spec.selector, "`selector` will be auto-generated"));
  if (spec.manualSelector === true)
    errors.push(notSupportedInOrder(`${JOB_SPEC}.manualSelector`, true, ["nil", "false"]));
}

function cronJobWarnings(next: CronJob, previous: CronJob | undefined): string[] {
  const spec = next.spec.jobTemplate.spec ?? { template: {} };
  if (previous === undefined) return [...podNameWarnings(next.metadata.name), ...jobSpecWarnings(spec, JOB_SPEC)];
  // A write of the status leaves the spec be.
  if (next.spec === previous.spec) return [];
  const isSame = next.metadata.generation === previous.metadata.generation;
  const why =
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";
  return [...(isSame ? [] : jobSpecWarnings(spec, JOB_SPEC)), ...(next.spec.schedule.includes("TZ") ? [why] : [])];
}
