/**
 * Rules of pod specs, in pods and in templates alike (`pkg/apis/core/validation`: ValidatePodSpec). Each noun has its
 * file; errors are added to one list, so that a good pod costs a walk and nothing more.
 */
import type { PodSpec, PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import type { ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import {
  addInvalid,
  addOptionalChoiceErrors,
  addOptionalNameErrors,
  inclusiveRange,
} from "../../validation/error-list.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupportedInOrder,
  required,
} from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { addAffinityErrors } from "./affinity.ts";
import { addContainersErrors } from "./containers.ts";
import { addDnsErrors, addHostAliasErrors, addHostNameErrors } from "./host-names.ts";
import { addPodAnnotationErrors, addProfileMatchErrors, MIRROR } from "./pod-annotations.ts";
import { addPodClaimErrors } from "./pod-claims.ts";
import { addPodResourceErrors } from "./pod-resources.ts";
import { addOverheadErrors } from "./resources.ts";
import { addHostUsersErrors, addPodSecurityContextErrors } from "./security-context.ts";
import { addTolerationErrors } from "./tolerations.ts";
import { addSpreadErrors } from "./topology-spread.ts";
import { addVolumeErrors } from "./volumes.ts";
import { addHostProcessErrors, addOsErrors } from "./windows-options.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const PREEMPTION_POLICIES = ["Never", "PreemptLowerPriority"];
const DEADLINE_MAX = 2 ** 31 - 1;

/** `metadata` is that of the pod; a template has none yet. */
function addSpecErrors(
  spec: PodSpec,
  metadata: (ObjectMeta & { readonly name: string }) | undefined,
  field: string,
  errors: FieldError[],
): void {
  const isPod = metadata !== undefined;
  const grace = spec.terminationGracePeriodSeconds;
  if (grace === undefined) errors.push(required(`${field}.terminationGracePeriodSeconds`));
  const owner = { isPod, podName: metadata?.name ?? "" };
  const volumes = addVolumeErrors(spec.volumes ?? [], owner, `${field}.volumes`, errors);
  const isMirror = metadata?.annotations?.[MIRROR] !== undefined;
  const claimNames = addPodClaimErrors(spec.resourceClaims, isMirror, `${field}.resourceClaims`, errors);
  const hostUsers = spec.hostUsers ?? true;
  const graceSeconds = grace === undefined ? undefined : Number(grace);
  addContainersErrors(spec, { isPod, volumes, claimNames, graceSeconds, hostUsers }, field, errors);
  addPodResourceErrors(spec, field, errors);
  addHostNetworkErrors(spec, isPod, field, errors);
  addPolicyErrors(spec, field, errors);
  addDnsErrors(spec, field, errors);
  if (spec.nodeSelector !== undefined) errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`));
  addPodSecurityContextErrors(spec, field, errors);
  addAffinityErrors(spec.affinity, `${field}.affinity`, errors);
  addGateErrors(spec, field, errors);
  addSpreadErrors(spec.topologySpreadConstraints, `${field}.topologySpreadConstraints`, errors);
  addHostProcessErrors(spec, field, errors);
  addHostUsersErrors(spec, field, errors);
  addHostNameErrors(spec, field, errors);
  addNameErrors(spec, field, errors);
  addTolerationErrors(spec.tolerations, `${field}.tolerations`, errors);
  addHostAliasErrors(spec.hostAliases, `${field}.hostAliases`, errors);
  addOverheadErrors(spec.overhead, `${field}.overhead`, errors);
  addOsErrors(spec, field, errors);
  addFileKeyVolumeErrors(spec, field, errors);
}

/** Errors of the spec and the annotations of a pod. */
export function validatePodSpec(pod: {
  readonly metadata: ObjectMeta & { readonly name: string };
  readonly spec: PodSpec;
}): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata, spec } = pod;
  addPodAnnotationErrors(metadata.annotations, spec, "metadata.annotations", errors);
  addSpecErrors(spec, metadata, "spec", errors);
  if ((spec.serviceAccountName ?? "") === "") addTokenWithoutAccountErrors(spec, errors);
  return errors;
}

function addTokenWithoutAccountErrors(spec: PodSpec, errors: FieldError[]): void {
  spec.volumes?.forEach(({ projected }, index) => {
    projected?.sources?.forEach(({ serviceAccountToken }, position) => {
      if (serviceAccountToken === undefined) return;
      const at = `spec.volumes[${index}].projected.sources[${position}].serviceAccountToken`;
      errors.push(forbiddenField(at, "must not be specified when serviceAccountName is not set"));
    });
  });
}

/** Errors of a template; what its workload asks of selector, labels and restart policy comes on top. */
export function validatePodTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  const { labels, annotations } = template.metadata ?? {};
  const errors = [
    ...validateLabels(labels, `${field}.labels`),
    ...validateAnnotations(annotations, `${field}.annotations`),
  ];
  addPodAnnotationErrors(annotations, spec, `${field}.annotations`, errors);
  addSpecErrors(spec, undefined, `${field}.spec`, errors);
  addProfileMatchErrors(annotations, spec, `${field}.spec`, errors);
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(
      forbiddenField(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"),
    );
  return errors;
}

function addPolicyErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { restartPolicy = "", activeDeadlineSeconds: deadline, preemptionPolicy } = spec;
  const at = `${field}.restartPolicy`;
  if (restartPolicy === "") errors.push(required(at));
  else if (!RESTART_POLICIES.includes(restartPolicy))
    errors.push(notSupportedInOrder(at, restartPolicy, RESTART_POLICIES));
  if (deadline !== undefined && (Number(deadline) < 1 || Number(deadline) > DEADLINE_MAX))
    errors.push(invalidValue(`${field}.activeDeadlineSeconds`, deadline, inclusiveRange(1, DEADLINE_MAX)));
  addOptionalChoiceErrors(errors, `${field}.preemptionPolicy`, preemptionPolicy, PREEMPTION_POLICIES);
}

/** Objects that the pod names. */
function addNameErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  for (const name of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const)
    addOptionalNameErrors(errors, `${field}.${name}`, spec[name], dnsSubdomainProblems);
  addOptionalNameErrors(
    errors,
    `${field}.schedulingGroup.podGroupName`,
    spec.schedulingGroup?.podGroupName,
    dnsSubdomainProblems,
  );
}

/** On the host's network a container's ports are the host's. */
function addHostNetworkErrors(spec: PodSpec, isPod: boolean, field: string, errors: FieldError[]): void {
  if (spec.hostNetwork !== true) return;
  spec.containers.forEach((container, index) => {
    container.ports?.forEach(({ hostPort = 0, containerPort }, position) => {
      if (hostPort === containerPort || (hostPort === 0 && !isPod)) return;
      const at = `${field}.containers[${index}].ports[${position}].hostPort`;
      errors.push(invalidValue(at, hostPort, "must match `containerPort` when `hostNetwork` is true"));
    });
  });
}

/** What must be true of a pod before it is ready, and before it is placed. */
function addGateErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  spec.readinessGates?.forEach(({ conditionType }, index) => {
    const at = `${field}.readinessGates[${index}].conditionType`;
    addInvalid(errors, at, conditionType, qualifiedNameProblems(conditionType));
  });
  const seen = new Set<string>();
  spec.schedulingGates?.forEach(({ name }, index) => {
    const at = `${field}.schedulingGates[${index}]`;
    addInvalid(errors, at, name, qualifiedNameProblems(name));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
}

/** Files with variables are written and read inside the pod: they lie in an emptyDir. */
function addFileKeyVolumeErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  for (const group of ["initContainers", "containers", "ephemeralContainers"] as const) {
    spec[group]?.forEach(({ env = [] }, index) => {
      env.forEach(({ valueFrom }, position) => {
        const name = valueFrom?.fileKeyRef?.volumeName;
        if (name === undefined) return;
        const at = `${field}.${group}[${index}].env[${position}].valueFrom.fileKeyRef.volumeName`;
        const volume = spec.volumes?.find((one) => one.name === name);
        if (volume === undefined) errors.push(notFoundValue(at, name));
        else if (volume.emptyDir === undefined)
          errors.push(invalidValue(at, name, "referenced volume must be of type emptyDir"));
      });
    });
  }
}
