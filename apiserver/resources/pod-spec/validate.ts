/** Rules of pod specs, in pods and in templates alike (`pkg/apis/core/validation`). */
import type {
  PodSpec,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupported,
  required,
} from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { validateAffinity } from "./validate-affinity.ts";
import { validateContainers } from "./validate-container.ts";
import { validateVolumes } from "./validate-volume.ts";

const DNS_POLICIES = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const RESTART_POLICIES = ["Always", "Never", "OnFailure"];
const NAMESERVERS_MAX = 3;

export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  return [
    ...validateVolumes(spec.volumes ?? [], `${field}.volumes`),
    ...validateContainers(spec, field),
    ...policyErrors(spec, field),
    ...nameErrors(spec, field),
    ...dnsConfigErrors(spec, field),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validateAffinity(spec.affinity, `${field}.affinity`),
    ...(spec.tolerations ?? []).flatMap((toleration, index) =>
      tolerationErrors(toleration, `${field}.tolerations[${index}]`),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap((constraint, index) =>
      spreadErrors(constraint, `${field}.topologySpreadConstraints[${index}]`),
    ),
    ...(spec.readinessGates ?? []).flatMap((gate, index) =>
      invalidFor(
        `${field}.readinessGates[${index}].conditionType`,
        gate.conditionType,
        qualifiedNameProblems(gate.conditionType),
      ),
    ),
    ...(spec.imagePullSecrets ?? []).flatMap((secret, index) =>
      (secret.name ?? "") === "" ? [required(`${field}.imagePullSecrets[${index}].name`)] : [],
    ),
    ...schedulingGateErrors(spec, field),
  ];
}

/** A template of a workload: labels that its selector matches, and a restart policy that the workload allows. */
export function validatePodTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  return [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${field}.annotations`),
    ...validatePodSpec(spec, `${field}.spec`),
    ...((spec.ephemeralContainers ?? []).length > 0
      ? [forbiddenField(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")]
      : []),
  ];
}

function policyErrors(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!RESTART_POLICIES.includes(spec.restartPolicy ?? ""))
    errors.push(notSupported(`${field}.restartPolicy`, spec.restartPolicy ?? "", RESTART_POLICIES));
  if (!DNS_POLICIES.includes(spec.dnsPolicy ?? ""))
    errors.push(notSupported(`${field}.dnsPolicy`, spec.dnsPolicy ?? "", DNS_POLICIES));
  const grace = spec.terminationGracePeriodSeconds ?? 0;
  if (grace < 0)
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than or equal to 0"));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (Number(deadline) < 1 || Number(deadline) > 2 ** 31 - 1)) {
    errors.push(
      invalidValue(`${field}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive"),
    );
  }
  const preemption = spec.preemptionPolicy;
  if (preemption !== undefined && preemption !== "Never" && preemption !== "PreemptLowerPriority") {
    errors.push(notSupported(`${field}.preemptionPolicy`, preemption, ["Never", "PreemptLowerPriority"]));
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(
      invalidValue(
        `${field}.securityContext.shareProcessNamespace`,
        true,
        "ShareProcessNamespace and HostPID cannot both be enabled",
      ),
    );
  }
  return errors;
}

function nameErrors(spec: PodSpec, field: string): FieldError[] {
  const check = (name: string, value: string | undefined, problems: (value: string) => string[]): FieldError[] =>
    value === undefined || value === "" ? [] : invalidFor(`${field}.${name}`, value, problems(value));
  return [
    ...check("serviceAccountName", spec.serviceAccountName, dnsSubdomainProblems),
    ...check("nodeName", spec.nodeName, dnsSubdomainProblems),
    ...check("hostname", spec.hostname, dnsLabelProblems),
    ...check("subdomain", spec.subdomain, dnsLabelProblems),
    ...check("schedulerName", spec.schedulerName, dnsSubdomainProblems),
    ...check("priorityClassName", spec.priorityClassName, dnsSubdomainProblems),
    ...check("runtimeClassName", spec.runtimeClassName, dnsSubdomainProblems),
  ];
}

function dnsConfigErrors(spec: PodSpec, field: string): FieldError[] {
  const config = spec.dnsConfig;
  const nameservers = config?.nameservers ?? [];
  if (spec.dnsPolicy === "None" && nameservers.length === 0) {
    return [
      required(
        `${field}.dnsConfig${config === undefined ? "" : ".nameservers"}`,
        config === undefined
          ? "must provide `dnsConfig` when `dnsPolicy` is None"
          : "must provide at least one DNS nameserver when `dnsPolicy` is None",
      ),
    ];
  }
  if (nameservers.length > NAMESERVERS_MAX)
    return [
      invalidValue(
        `${field}.dnsConfig.nameservers`,
        nameservers,
        `must not have more than ${NAMESERVERS_MAX} nameservers`,
      ),
    ];
  return [];
}

const EFFECTS = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

function tolerationErrors(toleration: Toleration, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const key = toleration.key ?? "";
  const operator = toleration.operator ?? "Equal";
  if (key !== "") errors.push(...invalidFor(`${field}.key`, key, qualifiedNameProblems(key)));
  if (key === "" && operator !== "Exists")
    errors.push(
      invalidValue(
        `${field}.operator`,
        toleration.operator ?? "",
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  if (toleration.tolerationSeconds !== undefined && toleration.effect !== "NoExecute") {
    errors.push(
      invalidValue(
        `${field}.effect`,
        toleration.effect ?? "",
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    );
  }
  if (operator === "Exists" && (toleration.value ?? "") !== "")
    errors.push(invalidValue(`${field}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
  if (operator === "Equal")
    errors.push(...invalidFor(`${field}.operator`, toleration.value ?? "", labelValueProblems(toleration.value ?? "")));
  if (operator !== "Exists" && operator !== "Equal")
    errors.push(notSupported(`${field}.operator`, operator, ["Equal", "Exists"]));
  if ((toleration.effect ?? "") !== "" && !EFFECTS.includes(toleration.effect ?? ""))
    errors.push(notSupported(`${field}.effect`, toleration.effect, EFFECTS));
  return errors;
}

function spreadErrors(constraint: TopologySpreadConstraint, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (constraint.maxSkew <= 0)
    errors.push(invalidValue(`${field}.maxSkew`, constraint.maxSkew, "must be greater than zero"));
  if (constraint.topologyKey === "") errors.push(required(`${field}.topologyKey`, "can not be empty"));
  if (constraint.whenUnsatisfiable !== "DoNotSchedule" && constraint.whenUnsatisfiable !== "ScheduleAnyway") {
    errors.push(
      notSupported(`${field}.whenUnsatisfiable`, constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]),
    );
  }
  if (constraint.minDomains !== undefined && constraint.minDomains <= 0)
    errors.push(invalidValue(`${field}.minDomains`, constraint.minDomains, "must be greater than zero"));
  return [...errors, ...validateLabelSelector(constraint.labelSelector, `${field}.labelSelector`)];
}

function schedulingGateErrors(spec: PodSpec, field: string): FieldError[] {
  const seen = new Set<string>();
  return (spec.schedulingGates ?? []).flatMap(({ name }, index) => {
    const at = `${field}.schedulingGates[${index}]`;
    const errors = invalidFor(at, name, qualifiedNameProblems(name));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    return errors;
  });
}
