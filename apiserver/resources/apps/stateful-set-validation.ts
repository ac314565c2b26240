/** Rules of StatefulSets (`pkg/apis/apps/validation`). */
import type { StatefulSet, StatefulSetSpec } from "../../../shared/api/generated/apps/v1.ts";
import type { PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { intOrPercentErrors, isZeroIntOrPercent, percentMaxErrors } from "../../validation/int-or-percent.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { addClaimSpecErrors } from "../core/claim-spec.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";
import { countErrors, endlessErrors, selectorErrors } from "./workload.ts";

const RETENTION = ["Retain", "Delete"];

/** Rules of every write. A template that was wrong before may stay so, as older servers took it. */
export function validateStatefulSet({ spec }: StatefulSet, previous?: StatefulSet): FieldError[] {
  const isTemplateChecked = previous === undefined || specErrors(previous.spec, true).length === 0;
  return specErrors(spec, isTemplateChecked);
}

/** Rules of what can never change later. */
export function validateNewStatefulSet({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  spec.volumeClaimTemplates?.forEach((claim, index) =>
    addClaimSpecErrors(claim.spec, `spec.volumeClaimTemplates[${index}].spec`, errors),
  );
  const name = spec.serviceName ?? "";
  if (name !== "") addInvalid(errors, "spec.serviceName", name, dnsLabelProblems(name));
  return errors;
}

function specErrors(spec: StatefulSetSpec, isTemplateChecked: boolean): FieldError[] {
  return [
    ...podManagementErrors(spec.podManagementPolicy ?? ""),
    ...strategyErrors(spec.updateStrategy ?? {}),
    ...retentionErrors(spec.persistentVolumeClaimRetentionPolicy),
    ...countErrors({
      "spec.replicas": spec.replicas,
      "spec.minReadySeconds": spec.minReadySeconds,
      "spec.ordinals.start": spec.ordinals?.start,
    }),
    ...selectorErrors(spec.selector, spec.template, { kind: "statefulset", unreadable: "" }),
    ...(isTemplateChecked ? validatePodTemplate(podTemplateOf(spec), "spec.template") : []),
    ...endlessErrors(spec.template, "StatefulSet"),
  ];
}

function podManagementErrors(policy: string): FieldError[] {
  const field = "spec.podManagementPolicy";
  if (policy === "") return [required(field)];
  if (policy === "OrderedReady" || policy === "Parallel") return [];
  return [invalidValue(field, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function strategyErrors(strategy: NonNullable<StatefulSetSpec["updateStrategy"]>): FieldError[] {
  const field = "spec.updateStrategy";
  const { type = "", rollingUpdate } = strategy;
  switch (type) {
    case "":
      return [required(field)];
    case "OnDelete":
      if (rollingUpdate === undefined) return [];
      return [invalidValue(`${field}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")];
    case "RollingUpdate":
      return rollingErrors(rollingUpdate ?? {}, `${field}.rollingUpdate`);
    default:
      return [invalidValue(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

type RollingUpdate = NonNullable<NonNullable<StatefulSetSpec["updateStrategy"]>["rollingUpdate"]>;

function rollingErrors({ partition, maxUnavailable }: RollingUpdate, field: string): FieldError[] {
  const errors = countErrors({ [`${field}.partition`]: partition });
  if (maxUnavailable === undefined) return errors;
  const at = `${field}.maxUnavailable`;
  return [
    ...errors,
    ...intOrPercentErrors(maxUnavailable, at),
    ...(isZeroIntOrPercent(maxUnavailable) ? [invalidValue(at, maxUnavailable, "cannot be 0")] : []),
    ...percentMaxErrors(maxUnavailable, at),
  ];
}

function retentionErrors(policy: StatefulSetSpec["persistentVolumeClaimRetentionPolicy"]): FieldError[] {
  if (policy === undefined) return [];
  return (["whenDeleted", "whenScaled"] as const).flatMap((when) => {
    const value = policy[when] ?? "";
    const field = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
    return RETENTION.includes(value) ? [] : [notSupportedInOrder(field, value, RETENTION)];
  });
}

/** The template as its pods will be: with a volume a claim, named after their pod. */
function podTemplateOf({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const { spec } = template;
  if (spec === undefined) return template;
  const claimed = volumeClaimTemplates.map(({ metadata }) => metadata.name);
  const volumes = [
    ...[...new Set(claimed)].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...(spec.volumes ?? []).filter(({ name }) => !claimed.includes(name)),
  ];
  return { ...template, spec: { ...spec, subdomain: undefined, hostname: undefined, volumes } };
}
