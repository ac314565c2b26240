/** `pods/ephemeralcontainers`: containers may be added, and nothing else (`ValidatePodEphemeralContainersUpdate`). */
import type { Pod, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { forbiddenField } from "../../validation/field-errors.ts";
import { objectDiff } from "../../validation/object-diff.ts";
import { MIRROR } from "../pod-spec/pod-annotations.ts";

/** The stored spec with the ephemeral containers of `wanted`; other changes get lost. */
export function specWithEphemeralContainers(previous: PodSpec, wanted: PodSpec): PodSpec {
  const spec = { ...previous };
  const containers = wanted.ephemeralContainers ?? [];
  if (containers.length > 0) spec.ephemeralContainers = containers;
  else delete spec.ephemeralContainers;
  return spec;
}

export function validateEphemeralContainersUpdate(next: Pod, previous: Pod): FieldError[] {
  if (previous.metadata.annotations?.[MIRROR] !== undefined)
    return [forbiddenField("", "static pods do not support ephemeral containers")];
  return (previous.spec.ephemeralContainers ?? []).flatMap((old) => {
    const kept = next.spec.ephemeralContainers?.find(({ name }) => name === old.name);
    const quoted = `existing ephemeral containers ${JSON.stringify(old.name)} may not be`;
    if (kept === undefined) return [forbiddenField("spec.ephemeralContainers", `${quoted} removed\n`)];
    if (deepEqual(kept, old)) return [];
    return [forbiddenField("spec.ephemeralContainers", `${quoted} changed\n${objectDiff(old, kept)}`)];
  });
}
