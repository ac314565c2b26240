/** Rules of a status that counts replicas (`ValidateDeploymentStatus` and its kin). */
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { countErrors } from "./workload.ts";

interface ReplicaStatusRules {
  /** None of them is negative. */
  readonly counts: readonly string[];
  /** None of them is more than there are. */
  readonly notAbove: readonly string[];
  /** What the message calls the ready ones. */
  readonly readyName: string;
}

export function replicaStatusErrors(status: object, rules: ReplicaStatusRules): FieldError[] {
  const given = new Map<string, unknown>(Object.entries(status));
  const countOf = (name: string): number => Number(given.get(name) ?? 0);
  const errors = rules.counts.flatMap((name) => countErrors({ [`status.${name}`]: countOf(name) }));
  for (const name of rules.notAbove)
    if (countOf(name) > countOf("replicas"))
      errors.push(invalidValue(`status.${name}`, countOf(name), "cannot be greater than status.replicas"));
  const available = countOf("availableReplicas");
  if (available > countOf("readyReplicas"))
    errors.push(invalidValue("status.availableReplicas", available, `cannot be greater than ${rules.readyName}`));
  return errors;
}
