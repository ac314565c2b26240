/** What may change in a PersistentVolumeClaim, and in its status (`ValidatePersistentVolumeClaimUpdate`). */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { objectDiff } from "../../validation/object-diff.ts";
import { isNativeResource } from "../pod-spec/resource-names.ts";
import { BETA_CLASS } from "./volume-text.ts";

const IMMUTABLE =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
const SIZE = "spec.resources.requests.storage";
const ATTRIBUTES = "spec.volumeAttributesClassName";
const RESIZE_STATUSES = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizePending",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
];

const sizeOf = (amounts: Readonly<Record<string, string>> | undefined): string => amounts?.["storage"] ?? "0";

export function validateClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const [now, before] = [frozenPart(next, previous), previous.spec];
  const errors = isUpgraded(next, previous)
    ? []
    : immutable(
        next.metadata.annotations?.[BETA_CLASS] ?? "",
        previous.metadata.annotations?.[BETA_CLASS] ?? "",
        `metadata.annotations[${BETA_CLASS}]`,
      );
  if (!deepEqual(now, before)) errors.push(forbiddenField("spec", `${IMMUTABLE}\n${objectDiff(before, now)}`));
  const size = sizeOf(next.spec.resources?.requests);
  const isSmaller = compareQuantities(size, sizeOf(before.resources?.requests)) < 0;
  // A claim that could not grow may ask for less again, but not for less than there is.
  if (isSmaller && compareQuantities(size, sizeOf(previous.status?.capacity)) <= 0)
    errors.push(forbiddenField(SIZE, "field can not be less than status.capacity"));
  errors.push(...immutable(next.spec.volumeMode, before.volumeMode, "volumeMode"));
  return [...errors, ...attributesErrors(next, previous)];
}

/** The class moves from the annotation to its field. */
function isUpgraded(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const [now, before] = [next.metadata.annotations?.[BETA_CLASS], previous.metadata.annotations?.[BETA_CLASS]];
  const isMoved = previous.spec.storageClassName === undefined && next.spec.storageClassName === before;
  return before !== undefined && isMoved && (now === undefined || now === before);
}

/** `next` with everything that may change put back to what it was. */
function frozenPart(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): PersistentVolumeClaimSpec {
  const frozen = { ...next.spec };
  const before = previous.spec;
  if ((before.volumeName ?? "") === "") frozen.volumeName = before.volumeName;
  const annotated = previous.metadata.annotations?.[BETA_CLASS];
  const fits = annotated === undefined || annotated === next.spec.storageClassName;
  if (before.storageClassName === undefined && fits) frozen.storageClassName = undefined;
  if (previous.status?.phase !== "Bound") return frozen;
  frozen.volumeAttributesClassName = before.volumeAttributesClassName;
  const { requests } = next.spec.resources ?? {};
  if (requests !== undefined) {
    const storage = before.resources?.requests?.["storage"];
    frozen.resources = {
      ...next.spec.resources,
      requests: { ...requests, ...(storage === undefined ? {} : { storage }) },
    };
  }
  return frozen;
}

/** A volume that has a class of attributes keeps one. */
function attributesErrors(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const now = next.spec.volumeAttributesClassName;
  if (now === previous.spec.volumeAttributesClassName) return [];
  if (previous.status?.currentVolumeAttributesClassName === undefined || (now ?? "") !== "") return [];
  const what = now === undefined ? "nil" : "empty string";
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenField(ATTRIBUTES, why)];
}

export function validateClaimStatusUpdate({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.accessModes ?? []).length === 0) errors.push(required("Spec.accessModes"));
  for (const [name, amount] of Object.entries(status?.capacity ?? {}))
    addAmountErrors(amount, `status.capacity[${name}]`, errors);
  const resizing = "status.allocatedResourceStatuses";
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    addKeyErrors(name, resizing, errors);
    if (!RESIZE_STATUSES.includes(state)) errors.push(notSupported(resizing, name, RESIZE_STATUSES));
  }
  const allocated = "status.allocatedResources";
  for (const [name, amount] of Object.entries(status?.allocatedResources ?? {})) {
    if (addKeyErrors(name, allocated, errors)) addAmountErrors(amount, `${allocated}[${name}]`, errors);
  }
  return errors;
}

function addAmountErrors(amount: string, field: string, errors: FieldError[]): void {
  if (compareQuantities(amount, "0") < 0) errors.push(invalidValue(field, amount, "must be a valid resource quantity"));
}

/** True when the name is `storage`, or a driver's own. */
function addKeyErrors(name: string, field: string, errors: FieldError[]): boolean {
  const problems = qualifiedNameProblems(name);
  addInvalid(errors, field, name, problems);
  if (problems.length > 0) return false;
  if (!isNativeResource(name) || name === "storage") return true;
  errors.push(notSupported(field, name, ["storage"]));
  return false;
}
