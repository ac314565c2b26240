/** What may change in a pod that exists (`ValidatePodUpdate`): images, a shorter deadline, more tolerations, gates. */
import type { Pod, PodSpec, Toleration } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { clone } from "../../../shared/machinery/clone.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { forbiddenField, invalidValue } from "../../validation/field-errors.ts";

const MAY_CHANGE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const group of ["containers", "initContainers"] as const) {
    if ((next.spec[group] ?? []).length !== (previous.spec[group] ?? []).length) {
      errors.push(forbiddenField(`spec.${group}`, "pod updates may not add or remove containers"));
    }
  }
  if (errors.length > 0) return errors;
  errors.push(
    ...deadlineErrors(next.spec, previous.spec),
    ...tolerationErrors(next.spec, previous.spec),
    ...gateErrors(next.spec, previous.spec),
  );
  if (!deepEqual(frozenPart(next.spec, previous.spec), previous.spec)) errors.push(forbiddenField("spec", MAY_CHANGE));
  return errors;
}

/** `next` with everything that may change put back to what it was. */
function frozenPart(next: PodSpec, previous: PodSpec): PodSpec {
  const copy = clone(next);
  for (const group of ["containers", "initContainers"] as const) {
    copy[group]?.forEach((container, index) => {
      const image = previous[group]?.[index]?.image;
      if (image !== undefined) container.image = image;
    });
  }
  copy.activeDeadlineSeconds = previous.activeDeadlineSeconds;
  copy.tolerations = previous.tolerations;
  copy.schedulingGates = previous.schedulingGates;
  if (copy.terminationGracePeriodSeconds === 1 && Number(previous.terminationGracePeriodSeconds ?? 0) < 0) {
    copy.terminationGracePeriodSeconds = previous.terminationGracePeriodSeconds;
  }
  // A gated pod may still get a narrower node selector and affinity.
  if ((previous.schedulingGates ?? []).length > 0) {
    const keeps = Object.entries(previous.nodeSelector ?? {}).every(
      ([key, value]) => next.nodeSelector?.[key] === value,
    );
    if (keeps) copy.nodeSelector = previous.nodeSelector;
    if (previous.affinity?.nodeAffinity === undefined) copy.affinity = previous.affinity;
  }
  return copy;
}

function deadlineErrors(next: PodSpec, previous: PodSpec): FieldError[] {
  const [now, before] = [next.activeDeadlineSeconds, previous.activeDeadlineSeconds];
  if (now === before || before === undefined) return [];
  if (now === undefined)
    return [invalidValue("spec.activeDeadlineSeconds", now, "must not update from a positive integer to nil value")];
  return now > before
    ? [invalidValue("spec.activeDeadlineSeconds", now, `must be less than or equal to previous value`)]
    : [];
}

function tolerationErrors(next: PodSpec, previous: PodSpec): FieldError[] {
  const same = (left: Toleration, right: Toleration): boolean =>
    deepEqual({ ...left, tolerationSeconds: undefined }, { ...right, tolerationSeconds: undefined });
  const isKept = (previous.tolerations ?? []).every((old) =>
    (next.tolerations ?? []).some((toleration) => same(toleration, old)),
  );
  return isKept
    ? []
    : [forbiddenField("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function gateErrors(next: PodSpec, previous: PodSpec): FieldError[] {
  const before = new Set((previous.schedulingGates ?? []).map(({ name }) => name));
  const added = (next.schedulingGates ?? []).filter(({ name }) => !before.has(name));
  return added.length === 0
    ? []
    : [
        forbiddenField(
          "spec.schedulingGates",
          `only deletion is allowed, but found new scheduling gate '${added[0]?.name}'`,
        ),
      ];
}
