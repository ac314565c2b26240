/** What may change in a pod that exists (`ValidatePodUpdate`): images, a shorter deadline, more tolerations, gates. */
import type { NodeAffinity, NodeSelectorTerm, Pod, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { inclusiveRange } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue } from "../../validation/field-errors.ts";
import { objectDiff } from "../../validation/object-diff.ts";
import { addAnnotationUpdateErrors } from "../pod-spec/pod-annotations.ts";

const MAY_CHANGE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const DEADLINE_MAX = 2 ** 31 - 1;
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const [now, before] = [next.spec, previous.spec];
  addAnnotationUpdateErrors(next.metadata.annotations, previous.metadata.annotations, "metadata.annotations", errors);
  for (const group of ["containers", "initContainers"] as const) {
    if ((now[group] ?? []).length === (before[group] ?? []).length) continue;
    errors.push(forbiddenField(`spec.${group}`, "pod updates may not add or remove containers"));
    return errors;
  }
  if (!addDeadlineErrors(now, before, errors)) return errors;
  addTolerationUpdateErrors(now, before, errors);
  addGateErrors(now, before, errors);
  if (deepEqual(now, before)) return errors;
  const isGated = (before.schedulingGates ?? []).length > 0;
  if (isGated) addPlacementErrors(now, before, errors);
  const frozen = frozenPart(now, before, isGated);
  if (!deepEqual(frozen, before)) errors.push(forbiddenField("spec", `${MAY_CHANGE}\n${objectDiff(before, frozen)}`));
  return errors;
}

/** `next` with everything that may change put back to what it was. */
function frozenPart(next: PodSpec, previous: PodSpec, isGated: boolean): PodSpec {
  const frozen: PodSpec = {
    ...next,
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
  };
  for (const group of ["containers", "initContainers"] as const) {
    const containers = next[group];
    if (containers === undefined) continue;
    frozen[group] = containers.map((container, index) => ({ ...container, image: previous[group]?.[index]?.image }));
  }
  if (Number(next.terminationGracePeriodSeconds) === 1 && Number(previous.terminationGracePeriodSeconds ?? 0) < 0)
    frozen.terminationGracePeriodSeconds = previous.terminationGracePeriodSeconds;
  if (!isGated) return frozen;
  frozen.nodeSelector = previous.nodeSelector;
  const { nodeAffinity: _, ...others } = next.affinity ?? {};
  const nodeAffinity = previous.affinity?.nodeAffinity;
  const affinity = nodeAffinity === undefined ? others : { ...others, nodeAffinity };
  frozen.affinity = previous.affinity === undefined && Object.keys(affinity).length === 0 ? undefined : affinity;
  return frozen;
}

/** False when the others need not be asked any more. */
function addDeadlineErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): boolean {
  const field = "spec.activeDeadlineSeconds";
  const [now, before] = [next.activeDeadlineSeconds, previous.activeDeadlineSeconds];
  if (now === undefined) {
    if (before !== undefined)
      errors.push(invalidValue(field, now, "must not update from a positive integer to nil value"));
    return true;
  }
  if (Number(now) < 0 || Number(now) > DEADLINE_MAX)
    errors.push(invalidValue(field, now, inclusiveRange(0, DEADLINE_MAX)));
  else if (before !== undefined && Number(before) < Number(now))
    errors.push(invalidValue(field, now, "must be less than or equal to previous value"));
  else return true;
  return false;
}

function addTolerationUpdateErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): void {
  const isKept = (previous.tolerations ?? []).every((old) =>
    (next.tolerations ?? []).some((one) => deepEqual({ ...old, tolerationSeconds: one.tolerationSeconds }, one)),
  );
  if (!isKept)
    errors.push(
      forbiddenField("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"),
    );
}

function addGateErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): void {
  const before = new Set((previous.schedulingGates ?? []).map(({ name }) => name));
  next.schedulingGates?.forEach(({ name }, index) => {
    if (before.has(name)) return;
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbiddenField(`spec.schedulingGates[${index}].name`, why));
  });
}

/** While a pod is gated, where it may go can be narrowed, never widened. */
function addPlacementErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): void {
  const isNarrower = Object.entries(previous.nodeSelector ?? {}).every(
    ([key, value]) => next.nodeSelector?.[key] === value,
  );
  if (!isNarrower)
    errors.push(
      invalidValue(
        "spec.nodeSelector",
        next.nodeSelector,
        "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
      ),
    );
  addNodeAffinityErrors(next.affinity?.nodeAffinity, previous.affinity?.nodeAffinity, errors);
}

function addNodeAffinityErrors(
  next: NodeAffinity | undefined,
  previous: NodeAffinity | undefined,
  errors: FieldError[],
): void {
  const before = previous?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const now = next?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const field = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  if (before.length === 0) return;
  if (before.length !== now.length) {
    errors.push(invalidValue(field, now, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"));
    return;
  }
  before.forEach((term, index) => {
    const other = now[index] ?? {};
    if (!hasOnlyAdditions(other, term))
      errors.push(invalidValue(`${field}[${index}]`, other, "only additions are allowed (no mutations or deletions)"));
  });
}

function hasOnlyAdditions(next: NodeSelectorTerm, previous: NodeSelectorTerm): boolean {
  const kinds = ["matchExpressions", "matchFields"] as const;
  // A term without requirements matches nothing: adding one would make it match something.
  if (kinds.every((kind) => (previous[kind] ?? []).length === 0))
    return kinds.every((kind) => (next[kind] ?? []).length === 0);
  return kinds.every((kind) => {
    const before = previous[kind] ?? [];
    return deepEqual((next[kind] ?? []).slice(0, before.length), before);
  });
}
