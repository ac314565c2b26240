/** `pods/resize`: what of a pod may change while it runs (`ValidatePodResize`, `dropNonResizeUpdates`). Pure. */
import type { Container, Pod, PodSpec, ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { forbiddenField, invalidValue } from "../../validation/field-errors.ts";
import { isSidecar } from "../pod-spec/containers.ts";
import { MIRROR } from "../pod-spec/pod-annotations.ts";
import { qualityOfService } from "../pod-spec/quality-of-service.ts";

const GROUPS = ["containers", "initContainers"] as const;
const RESIZABLE = ["cpu", "memory"] as const;

function sameNames(next: readonly Container[], previous: readonly Container[]): boolean {
  return next.length === previous.length && next.every(({ name }, index) => name === previous[index]?.name);
}

/** The stored spec with the resources and resize policies of `wanted`; other changes get lost. */
export function specWithResources(previous: PodSpec, wanted: PodSpec): PodSpec {
  const spec: PodSpec = { ...previous };
  if (wanted.resources !== undefined) spec.resources = wanted.resources;
  else delete spec.resources;
  for (const group of GROUPS) {
    const [now, before] = [wanted[group] ?? [], previous[group] ?? []];
    // Other containers than those that are there: left for validation to refuse.
    if (!sameNames(now, before)) spec[group] = [...now];
    else if (before.length > 0)
      spec[group] = before.map((container, index) => {
        const { resources, resizePolicy } = now[index] ?? {};
        return { ...container, resources, resizePolicy };
      });
  }
  return spec;
}

function hasPodResources({ resources }: PodSpec): boolean {
  return Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;
}

/** A kubelet that resizes tells what its running containers have. */
function isSupported(pod: Pod): boolean {
  const running = pod.status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

export function validatePodResize(next: Pod, previous: Pod): FieldError[] {
  if (previous.metadata.annotations?.[MIRROR] !== undefined)
    return [forbiddenField("", "static pods cannot be resized")];
  if (previous.spec.os?.name === "windows") return [forbiddenField("", "windows pods cannot be resized")];
  const errors: FieldError[] = [];
  const quality = previous.status?.qosClass ?? qualityOfService(previous.spec);
  if (quality !== qualityOfService(next.spec))
    errors.push(invalidValue("spec", quality, "Pod QOS Class may not change as a result of resizing"));
  if (!isSupported(previous)) errors.push(forbiddenField("spec", "Pod running on node without support for resize"));
  if (hasPodResources(previous.spec) || hasPodResources(next.spec)) addPodLevelErrors(next.spec, previous.spec, errors);
  if ((previous.status?.nodeAllocatableResourceClaimStatuses ?? []).length > 0)
    errors.push(forbiddenField("spec", "pods with node allocatable resource claims cannot be resized"));
  if (addOrderErrors(next.spec, previous.spec, errors)) return errors;
  for (const group of GROUPS)
    next.spec[group]?.forEach((container, index) => {
      const old = previous.spec[group]?.[index];
      if (old !== undefined) addContainerErrors(container, old, group, index, errors);
    });
  return errors;
}

/** True when containers came, went or moved: nothing more can be compared then. */
function addOrderErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): boolean {
  const before = errors.length;
  for (const group of GROUPS) {
    const [now, old] = [next[group] ?? [], previous[group] ?? []];
    if (now.length !== old.length) {
      errors.push(forbiddenField(`spec.${group}`, `${group} may not be added or removed on resize`));
      continue;
    }
    now.forEach(({ name }, index) => {
      if (name !== old[index]?.name)
        errors.push(
          forbiddenField(`spec.${group}[${index}].name`, `${group} may not be renamed or reordered on resize`),
        );
    });
  }
  return errors.length > before;
}

function isRemoved(
  next: Readonly<Record<string, string>> | undefined,
  previous: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.keys(previous ?? {}).some((name) => next?.[name] === undefined);
}

/** `next` with cpu and memory as they were: what is left must not have changed. */
function withoutResizable(
  next: ResourceRequirements | undefined,
  previous: ResourceRequirements | undefined,
): Record<"limits" | "requests", Record<string, string>> & { claims?: unknown } {
  const reset = (kind: "limits" | "requests"): Record<string, string> => {
    const list = { ...next?.[kind] };
    for (const name of RESIZABLE) {
      const old = previous?.[kind]?.[name];
      if (old === undefined) delete list[name];
      else list[name] = old;
    }
    return list;
  };
  return { limits: reset("limits"), requests: reset("requests"), claims: next?.claims };
}

function isOtherwiseSame(next: ResourceRequirements | undefined, previous: ResourceRequirements | undefined): boolean {
  const { limits = {}, requests = {}, claims } = previous ?? {};
  return deepEqual(withoutResizable(next, previous), { limits, requests, claims });
}

function addPodLevelErrors(next: PodSpec, previous: PodSpec, errors: FieldError[]): void {
  const [now, before] = [next.resources, previous.resources];
  if (before !== undefined && now === undefined) {
    errors.push(forbiddenField("spec.resources", "pod-level resources cannot be removed"));
    return;
  }
  for (const kind of ["requests", "limits"] as const)
    if (isRemoved(now?.[kind], before?.[kind]))
      errors.push(forbiddenField(`spec.resources.${kind}`, `pod-level resource ${kind} cannot be removed`));
  if (!isOtherwiseSame(now, before))
    errors.push(forbiddenField("spec", "only cpu and memory resources are mutable at pod-level"));
}

function addContainerErrors(
  next: Container,
  previous: Container,
  group: (typeof GROUPS)[number],
  index: number,
  errors: FieldError[],
): void {
  const isInit = group === "initContainers";
  if (isInit && !isSidecar(previous)) {
    if (!deepEqual(next, previous))
      errors.push(forbiddenField("spec", "resources for non-sidecar init containers are immutable"));
    return;
  }
  const field = `spec.${group}[${index}]`;
  const [now, before] = [next.resources, previous.resources];
  for (const kind of ["requests", "limits"] as const)
    if (isRemoved(now?.[kind], before?.[kind]))
      errors.push(forbiddenField(`${field}.resources.${kind}`, `resource ${kind} cannot be removed`));
  if (isOtherwiseSame(now, before) && deepEqual(next.resizePolicy, previous.resizePolicy)) return;
  errors.push(
    isInit
      ? forbiddenField(field, "only cpu and memory resources for init or sidecar containers are mutable")
      : forbiddenField("spec", "only cpu and memory resources are mutable"),
  );
}
