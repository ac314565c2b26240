/**
 * Rules of `jobs/status` (`ValidateJobStatusUpdate`): a Job that has ended stays as it ended. Other controllers may
 * manage Jobs (KEP-4368), so each rule holds for what a write changes, and not for what was there.
 */
import type { Job, JobStatus } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { isConditionTrue } from "../../../shared/machinery/conditions.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { addNegativeErrors } from "../../validation/error-list.ts";
import { duplicate, invalidField, invalidValue, required } from "../../validation/field-errors.ts";
import { countIndexes, problemOf, sharedIndex } from "./index-intervals.ts";

const CONDITIONS = "status.conditions";
const COUNTS = ["active", "succeeded", "failed", "ready", "terminating"] as const;
const TERMINAL = ["Failed", "Complete", "FailureTarget"];

/** What a status says, by its conditions. */
interface Ending {
  readonly isComplete: boolean;
  readonly isFailed: boolean;
  readonly isFailing: boolean;
  readonly isSucceeding: boolean;
  readonly isFinished: boolean;
}

function endingOf({ conditions }: JobStatus): Ending {
  const isComplete = isConditionTrue(conditions, "Complete");
  const isFailed = isConditionTrue(conditions, "Failed");
  return {
    isComplete,
    isFailed,
    isFailing: isConditionTrue(conditions, "FailureTarget"),
    isSucceeding: isConditionTrue(conditions, "SuccessCriteriaMet"),
    isFinished: isComplete || isFailed,
  };
}

/** A write of a status, seen from both sides. */
interface StatusWrite {
  readonly job: Job;
  readonly now: JobStatus;
  readonly before: JobStatus;
  readonly ending: Ending;
  readonly old: Ending;
  /** Whether any of these fields is written anew. */
  changes(...names: (keyof JobStatus)[]): boolean;
}

export function validateJobStatusUpdate(next: Job, previous: Job): FieldError[] {
  const errors: FieldError[] = [];
  const [now, before] = [next.status ?? {}, previous.status ?? {}];
  const write: StatusWrite = {
    job: next,
    now,
    before,
    ending: endingOf(now),
    old: endingOf(before),
    changes: (...names) => names.some((name) => !deepEqual(now[name], before[name])),
  };
  for (const name of COUNTS) addNegativeErrors(errors, `status.${name}`, now[name]);
  addUncountedErrors(now, errors);
  addEndingErrors(write, errors);
  addTimeErrors(write, errors);
  addFinishedErrors(write, errors);
  addIndexErrors(write, errors);
  addTransitionErrors(write, errors);
  return errors;
}

function addUncountedErrors({ uncountedTerminatedPods }: JobStatus, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const group of ["succeeded", "failed"] as const) {
    uncountedTerminatedPods?.[group]?.forEach((uid, index) => {
      const at = `status.uncountedTerminatedPods.${group}[${index}]`;
      if (uid === "") errors.push(invalidValue(at, uid, "must not be empty"));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    });
  }
}

/** Conditions that exclude or ask for each other. */
function addEndingErrors({ job, ending, old }: StatusWrite, errors: FieldError[]): void {
  const refuse = (why: string): void => {
    errors.push(invalidField(CONDITIONS, why));
  };
  const isCompletionNew = ending.isComplete !== old.isComplete;
  const isFailureNew = ending.isFailed !== old.isFailed;
  const isFailingNew = ending.isFailing !== old.isFailing;
  if ((isCompletionNew || isFailureNew) && ending.isComplete && ending.isFailed)
    refuse("cannot set Complete=True and Failed=true conditions");
  if ((isCompletionNew || isFailingNew) && ending.isComplete && ending.isFailing)
    refuse("cannot set Complete=True and FailureTarget=true conditions");
  if ((isFailureNew || isFailingNew) && ending.isFailed && !ending.isFailing)
    refuse("cannot set Failed=True condition without the FailureTarget=true condition");
  if ((isCompletionNew || ending.isSucceeding !== old.isSucceeding) && ending.isComplete && !ending.isSucceeding)
    refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  if (ending.isSucceeding && ending.isFailed) refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions");
  if (ending.isSucceeding && ending.isFailing)
    refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  if (job.spec.successPolicy !== undefined && !ending.isSucceeding && ending.isComplete)
    refuse("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
}

function addTimeErrors({ now, ending, old, changes }: StatusWrite, errors: FieldError[]): void {
  const { startTime, completionTime } = now;
  const at = "status.completionTime";
  if (ending.isComplete !== old.isComplete || changes("completionTime")) {
    if (completionTime !== undefined && !ending.isComplete)
      errors.push(
        invalidValue(at, completionTime, "cannot set completionTime when there is no Complete=True condition"),
      );
    if (completionTime === undefined && ending.isComplete)
      errors.push(required(at, "completionTime is required for Complete jobs"));
  }
  const isBackwards = startTime !== undefined && completionTime !== undefined && completionTime < startTime;
  if (changes("startTime", "completionTime") && isBackwards)
    errors.push(invalidValue(at, completionTime, "must be equal to or after `startTime`"));
}

/** What is over at the end. */
function addFinishedErrors({ now, ending, old, changes }: StatusWrite, errors: FieldError[]): void {
  const { active = 0, ready, terminating = 0, startTime, uncountedTerminatedPods } = now;
  if (changes("ready", "active") && ready !== undefined && ready > active)
    errors.push(invalidValue("status.ready", ready, "cannot set more ready pods than active"));
  if (!ending.isFinished) return;
  const isNew = !old.isFinished;
  if ((isNew || changes("active")) && active > 0)
    errors.push(invalidValue("status.active", active, "active>0 is invalid for finished job"));
  if ((isNew || changes("startTime")) && startTime === undefined)
    errors.push(required("status.startTime", "startTime is required for finished job"));
  const { succeeded = [], failed = [] } = uncountedTerminatedPods ?? {};
  if ((isNew || changes("uncountedTerminatedPods")) && succeeded.length + failed.length > 0)
    errors.push(
      invalidValue("status.uncountedTerminatedPods", uncountedTerminatedPods, "must be empty for finished job"),
    );
  if ((isNew || changes("terminating")) && terminating > 0)
    errors.push(invalidValue("status.terminating", terminating, "terminating>0 is invalid for finished job"));
}

function addIndexErrors({ job, now, changes }: StatusWrite, errors: FieldError[]): void {
  const { completions, backoffLimitPerIndex, completionMode } = job.spec;
  const { completedIndexes = "", failedIndexes } = now;
  const [completed, failed] = ["status.completedIndexes", "status.failedIndexes"];
  if (changes("completedIndexes") && completions !== undefined) {
    const problem = problemOf(countIndexes(completedIndexes, completions));
    if (problem !== undefined)
      errors.push(invalidValue(completed, completedIndexes, `error parsing completedIndexes: ${problem}`));
  }
  const areFailedNew = changes("failedIndexes") && failedIndexes !== undefined;
  if (areFailedNew && completions !== undefined && backoffLimitPerIndex !== undefined) {
    const problem = problemOf(countIndexes(failedIndexes, completions));
    if (problem !== undefined)
      errors.push(invalidValue(failed, failedIndexes, `error parsing failedIndexes: ${problem}`));
  }
  if (changes("completedIndexes") && completedIndexes !== "" && completionMode !== "Indexed")
    errors.push(
      invalidValue(
        completed,
        completedIndexes,
        "cannot set non-empty completedIndexes when non-indexed completion mode",
      ),
    );
  if (areFailedNew && backoffLimitPerIndex === undefined)
    errors.push(
      invalidValue(failed, failedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"),
    );
  if (!changes("failedIndexes", "completedIndexes") || completions === undefined || failedIndexes === undefined) return;
  const shared = sharedIndex(completedIndexes, failedIndexes, completions);
  if (shared !== undefined)
    errors.push(invalidValue(failed, failedIndexes, `failedIndexes and completedIndexes overlap at index: ${shared}`));
}

/** What never goes back. */
function addTransitionErrors({ job, now, before, ending, old }: StatusWrite, errors: FieldError[]): void {
  for (const type of TERMINAL)
    if (isConditionTrue(before.conditions, type) && !isConditionTrue(now.conditions, type))
      errors.push(invalidField(CONDITIONS, `cannot disable the terminal ${type}=True condition`));
  const { completionMode, completions, parallelism, suspend } = job.spec;
  const mayShrink = completionMode === "Indexed" && completions === parallelism;
  for (const name of ["failed", "succeeded"] as const) {
    const count = now[name] ?? 0;
    if (count < (before[name] ?? 0) && !(mayShrink && name === "succeeded"))
      errors.push(invalidValue(`status.${name}`, count, `cannot decrease the ${name} counter`));
  }
  const { completionTime, startTime } = now;
  const wasCompleted = completionTime !== undefined && before.completionTime !== undefined;
  if (wasCompleted && completionTime !== before.completionTime)
    errors.push(invalidValue("status.completionTime", completionTime, "field is immutable"));
  if (before.startTime !== undefined && startTime !== before.startTime && suspend !== true)
    errors.push(invalidValue("status.startTime", startTime, "field is immutable for unsuspended job once set"));
  if (old.isSucceeding && !ending.isSucceeding)
    errors.push(invalidField(CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition"));
  if (old.isComplete && !old.isSucceeding && ending.isSucceeding)
    errors.push(
      invalidField(CONDITIONS, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"),
    );
}
