/** Rules of `pods/status` (`ValidatePodStatusUpdate`), and what an old client's status may not lose. */
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { ipProblems, isDualStack } from "../../validation/addresses.ts";
import { addInvalid, inclusiveRange } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, notSupported } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { addAnnotationUpdateErrors } from "../pod-spec/pod-annotations.ts";

const SYSTEM_CONDITIONS = new Set(["PodScheduled", "Ready", "Initialized"]);
const NOT_NEGATIVE = "must be a non-negative integer";
const ID_MAX = 2 ** 31 - 1;
const HEALTHS = ["Healthy", "Unhealthy", "Unknown"];
const GROUPS = [
  ["containerStatuses", "containers"],
  ["initContainerStatuses", "initContainers"],
  ["ephemeralContainerStatuses", "ephemeralContainers"],
] as const;

export function validatePodStatusUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const status = next.status ?? {};
  const before = previous.status ?? {};
  addAnnotationUpdateErrors(next.metadata.annotations, previous.metadata.annotations, "metadata.annotations", errors);
  addConditionErrors(status.conditions, errors);
  addNominationErrors(status, before, previous.spec, errors);
  if (Number(status.observedGeneration ?? 0) < 0)
    errors.push(invalidValue("status.observedGeneration", status.observedGeneration, NOT_NEGATIVE));
  errors.push(...immutable(status.qosClass, before.qosClass, "status.qosClass"));
  for (const [group, containers] of GROUPS) {
    const field = `status.${group}`;
    addTransitionErrors(status[group], before[group], previous.spec, containers, field, errors);
    addUserErrors(status[group], next.spec.os?.name, field, errors);
    addAllocationErrors(status[group], next.spec, containers, field, errors);
  }
  addClaimStatusErrors(status, next.spec, errors);
  addAddressErrors(status, before, errors);
  return errors;
}

function addConditionErrors(conditions: readonly PodCondition[] | undefined, errors: FieldError[]): void {
  conditions?.forEach(({ type, observedGeneration }, index) => {
    const at = `status.conditions[${index}]`;
    if (Number(observedGeneration ?? 0) < 0)
      errors.push(invalidValue(`${at}.observedGeneration`, observedGeneration, NOT_NEGATIVE));
    if (!SYSTEM_CONDITIONS.has(type)) addInvalid(errors, `${at}.Type`, type, qualifiedNameProblems(type));
  });
}

function addNominationErrors(next: PodStatus, previous: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const name = next.nominatedNodeName ?? "";
  if (name === "" || name === previous.nominatedNodeName) return;
  const field = "status.nominatedNodeName";
  addInvalid(errors, field, name, dnsSubdomainProblems(name));
  if ((spec.nodeName ?? "") !== "")
    errors.push(forbiddenField(field, "may not be set on pods that are already bound to a node"));
}

/** Whether a container that ended with `exitCode` runs again (`podutil.ContainerShouldRestart`). */
function restarts(container: Container, spec: PodSpec, exitCode: number): boolean {
  for (const { action, exitCodes } of container.restartPolicyRules ?? []) {
    if (exitCodes === undefined || action !== "Restart") continue;
    const isListed = exitCodes.values?.includes(exitCode) === true;
    if (isListed === (exitCodes.operator === "In")) return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy;
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function canAllRestart(spec: PodSpec): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].some(
    ({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === "RestartAllContainers") === true,
  );
}

/** What has ended stays ended, unless its restart policy says that it runs again. */
function addTransitionErrors(
  next: readonly ContainerStatus[] | undefined,
  previous: readonly ContainerStatus[] | undefined,
  spec: PodSpec,
  group: (typeof GROUPS)[number][1],
  field: string,
  errors: FieldError[],
): void {
  if (group !== "ephemeralContainers" && canAllRestart(spec)) return;
  previous?.forEach(({ name, state }, index) => {
    const ended = state?.terminated;
    const now = next?.find((status) => status.name === name);
    if (ended === undefined || now === undefined || now.state?.terminated !== undefined) return;
    const container = group === "ephemeralContainers" ? undefined : spec[group]?.find((one) => one.name === name);
    if (container === undefined || !restarts(container, spec, ended.exitCode))
      errors.push(forbiddenField(`${field}[${index}].state`, "may not be transitioned to non-terminated state"));
  });
}

function addUserErrors(
  statuses: readonly ContainerStatus[] | undefined,
  osName: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  statuses?.forEach(({ user }, index) => {
    if (user?.linux === undefined) return;
    const at = `${field}[${index}].user.linux`;
    if (osName === "windows") {
      errors.push(forbiddenField(at, "cannot be set for a windows pod"));
      return;
    }
    const { uid, gid, supplementalGroups = [] } = user.linux;
    const check = (name: string, id: number): void => {
      if (Number(id) < 0 || Number(id) > ID_MAX)
        errors.push(invalidValue(`${at}.${name}`, id, inclusiveRange(0, ID_MAX)));
    };
    check("uid", uid);
    check("gid", gid);
    supplementalGroups.forEach((id, position) => check(`supplementalGroups[${position}]`, id));
  });
}

function addAllocationErrors(
  statuses: readonly ContainerStatus[] | undefined,
  spec: PodSpec,
  group: (typeof GROUPS)[number][1],
  field: string,
  errors: FieldError[],
): void {
  statuses?.forEach(({ name, allocatedResourcesStatus = [] }, index) => {
    const at = `${field}[${index}].allocatedResourcesStatus`;
    if (group === "ephemeralContainers") {
      if (allocatedResourcesStatus.length > 0)
        errors.push(forbiddenField(at, "must not be specified in container status"));
      return;
    }
    const container = spec[group]?.find((one) => one.name === name);
    allocatedResourcesStatus.forEach((resource, position) => {
      if (container !== undefined) addAllocatedNameErrors(resource.name, container, `${at}[${position}].name`, errors);
      const seen = new Set<string>();
      resource.resources?.forEach(({ health = "", resourceID }, place) => {
        const one = `${at}[${position}].resources[${place}]`;
        if (!HEALTHS.includes(health)) errors.push(notSupported(`${one}.health`, health, HEALTHS));
        if (seen.has(resourceID)) errors.push(duplicate(`${one}.resourceID`, resourceID));
        seen.add(resourceID);
      });
    });
  });
}

function addAllocatedNameErrors(name: string, container: Container, field: string, errors: FieldError[]): void {
  const { claims = [], requests = {} } = container.resources ?? {};
  const isClaim = name.startsWith("claim:");
  const isKnown = isClaim
    ? claims.some((claim) => name === `claim:${claim.name}${claim.request === undefined ? "" : `/${claim.request}`}`)
    : requests[name] !== undefined;
  if (isKnown) return;
  const rule = isClaim
    ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
    : "must match one of the container's resource requests";
  errors.push(invalidValue(field, name, rule));
}

function addClaimStatusErrors(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const seen = new Set<string>();
  status.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, index) => {
    const at = `status.resourceClaimStatuses[${index}]`;
    if (spec.resourceClaims?.some((claim) => claim.name === name) !== true)
      errors.push(invalidValue(`${at}.name`, name, "must match the name of an entry in `spec.resourceClaims`"));
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      addInvalid(errors, `${at}.resourceClaimName`, resourceClaimName, dnsSubdomainProblems(resourceClaimName));
  });
}

function addListErrors(
  next: readonly { readonly ip: string }[],
  previous: readonly { readonly ip: string }[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  next.forEach(({ ip }, index) => {
    // What got in under older rules may stay.
    if (previous?.some((old) => old.ip === ip) !== true) addInvalid(errors, `${field}[${index}]`, ip, ipProblems(ip));
  });
  if (next.length < 2) return;
  if (next.length > 2 || !isDualStack(next.map(({ ip }) => ip)))
    errors.push(invalidValue(field, next, "may specify no more than one IP for each IP family"));
}

function addAddressErrors(next: PodStatus, previous: PodStatus, errors: FieldError[]): void {
  addListErrors(next.podIPs ?? [], previous.podIPs, "status.podIPs", errors);
  const [first] = next.hostIPs ?? [];
  if (first === undefined) return;
  if (first.ip !== next.hostIP)
    errors.push(invalidValue("status.hostIPs[0].ip", first.ip, "must be equal to `hostIP`"));
  addListErrors(next.hostIPs ?? [], previous.hostIPs, "status.hostIPs", errors);
}

/** A client that does not know observed generations leaves them as they are, conditions of one type in their order. */
export function keepObservedGenerations(next: PodStatus, previous: PodStatus | undefined): void {
  if ((next.observedGeneration ?? 0) === 0) next.observedGeneration = previous?.observedGeneration;
  const known = new Map<string, (number | undefined)[]>();
  for (const { type, observedGeneration } of previous?.conditions ?? []) {
    known.set(type, [...(known.get(type) ?? []), observedGeneration]);
  }
  for (const condition of next.conditions ?? []) {
    const old = known.get(condition.type)?.shift();
    if ((condition.observedGeneration ?? 0) === 0) condition.observedGeneration = old;
  }
}
