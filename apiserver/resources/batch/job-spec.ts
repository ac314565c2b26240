/** Rules of job specs, in Jobs and in the templates of CronJobs (`pkg/apis/batch/validation`). */
import type { JobSpec } from "../../../shared/api/generated/batch/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid, addNegativeErrors } from "../../validation/error-list.ts";
import { invalidValue, notSupportedInOrder, required, tooLong } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";
import { addFailurePolicyErrors } from "./pod-failure-policy.ts";
import { addSuccessPolicyErrors } from "./success-policy.ts";

const COMPLETION_MODES = ["NonIndexed", "Indexed"];
const REPLACEMENT_POLICIES = ["Failed", "TerminatingOrFailed"];
const MANAGER_LENGTH_MAX = 63;
const PATH_FORM = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${PATH_FORM}$`, "u");

/** Lengths of the lists of indexes in a status are bounded by these. */
const INDEXED_PARALLELISM_MAX = 100_000;
const FAILED_INDEXES_MAX = 100_000;
const COMPLETIONS_SOFT_MAX = 100_000;
const MANY_COMPLETIONS_MAX = 10_000;

const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

export function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of COUNTS) addNegativeErrors(errors, `${field}.${name}`, spec[name]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  if (spec.managedBy !== undefined) addManagerErrors(spec.managedBy, `${field}.managedBy`, errors);
  const mode = spec.completionMode ?? "NonIndexed";
  if (!COMPLETION_MODES.includes(mode))
    errors.push(notSupportedInOrder(`${field}.completionMode`, mode, COMPLETION_MODES));
  if (mode === "Indexed") addIndexedErrors(spec, field, errors);
  else if (mode === "NonIndexed") addUnindexedErrors(spec, field, errors);
  addFailurePolicyErrors(spec, `${field}.podFailurePolicy`, errors);
  addSuccessPolicyErrors(spec, `${field}.successPolicy`, errors);
  addReplacementErrors(spec, `${field}.podReplacementPolicy`, errors);
  errors.push(...validatePodTemplate(spec.template, `${field}.template`));
  addRestartErrors(spec, `${field}.template.spec.restartPolicy`, errors);
  return errors;
}

/** A controller elsewhere, by a path below its domain. */
function addManagerErrors(name: string, field: string, errors: FieldError[]): void {
  const slash = name.indexOf("/");
  const [domain, path] = [name.slice(0, slash), name.slice(slash + 1)];
  if (name === "") errors.push(required(field));
  else if (slash < 1 || path === "")
    errors.push(invalidValue(field, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    addInvalid(errors, field, domain, dnsSubdomainProblems(domain));
    if (!PATH.test(path))
      errors.push(invalidValue(field, path, `Invalid path (regex used for validation is '${PATH_FORM}')`));
  }
  if (name.length > MANAGER_LENGTH_MAX) errors.push(tooLong(field, MANAGER_LENGTH_MAX));
}

function addIndexedErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const [parallel, failed] = [`${field}.parallelism`, `${field}.maxFailedIndexes`];
  const atMost = (limit: number): string => `must be less than or equal to ${limit}`;
  if (completions === undefined) errors.push(required(`${field}.completions`, "when completion mode is Indexed"));
  if (parallelism > INDEXED_PARALLELISM_MAX)
    errors.push(
      invalidValue(parallel, parallelism, `${atMost(INDEXED_PARALLELISM_MAX)} when completion mode is Indexed`),
    );
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    errors.push(invalidValue(failed, maxFailedIndexes, "must be less than or equal to completions"));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > FAILED_INDEXES_MAX)
    errors.push(invalidValue(failed, maxFailedIndexes, atMost(FAILED_INDEXES_MAX)));
  if (completions === undefined || completions <= COMPLETIONS_SOFT_MAX || backoffLimitPerIndex === undefined) return;
  const why = `${atMost(MANY_COMPLETIONS_MAX)} when completions are above ${COMPLETIONS_SOFT_MAX} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined)
    errors.push(required(failed, `must be specified when completions is above ${COMPLETIONS_SOFT_MAX}`));
  if (parallelism > MANY_COMPLETIONS_MAX) errors.push(invalidValue(parallel, parallelism, why));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MANY_COMPLETIONS_MAX)
    errors.push(invalidValue(failed, maxFailedIndexes, why));
}

function addUnindexedErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  for (const name of ["backoffLimitPerIndex", "maxFailedIndexes"] as const)
    if (spec[name] !== undefined)
      errors.push(invalidValue(`${field}.${name}`, spec[name], "requires indexed completion mode"));
}

/** With a failure policy a pod is only replaced once it has failed: what it failed of must be known. */
function addReplacementErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  const policy = spec.podReplacementPolicy;
  const known = spec.podFailurePolicy === undefined ? REPLACEMENT_POLICIES : ["Failed"];
  if (policy !== undefined && !known.includes(policy)) errors.push(notSupportedInOrder(field, policy, known));
}

function addRestartErrors(spec: JobSpec, field: string, errors: FieldError[]): void {
  const policy = spec.template.spec?.restartPolicy ?? "";
  if (policy === "Always" || policy === "") errors.push(required(field, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never")
    errors.push(notSupportedInOrder(field, policy, ["OnFailure", "Never"]));
  else if (spec.podFailurePolicy !== undefined && policy !== "Never")
    errors.push(invalidValue(field, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}
