/** What the server adds to a new pod (`podStrategy.PrepareForCreate`). All in place. */
import type {
  AppArmorProfile,
  Pod,
  PodAffinity,
  PodAffinityTerm,
  SecurityContext,
} from "../../../shared/api/generated/core/v1.ts";
import type { LabelSelector } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { APP_ARMOR } from "../pod-spec/pod-annotations.ts";
import { qualityOfService } from "../pod-spec/quality-of-service.ts";
import { addAppArmorErrors } from "../pod-spec/security-context.ts";

type Labels = Readonly<Record<string, string>> | undefined;

export function prepareNewPod(pod: Pod): void {
  const { spec, metadata } = pod;
  pod.status = { phase: "Pending", qosClass: qualityOfService(spec) };
  if ((spec.schedulingGates ?? []).length > 0) {
    pod.status.conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ];
  }
  mergeAffinityKeys(spec.affinity?.podAffinity, metadata.labels);
  mergeAffinityKeys(spec.affinity?.podAntiAffinity, metadata.labels);
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? [])
    mergeKeys(labelSelector, matchLabelKeys, "In", metadata.labels);
  takeOverAppArmor(pod);
}

/** Selects by the pod's own values of those labels. A term without a selector matches nothing, and stays so. */
function mergeKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: Labels,
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = labels?.[key];
    if (value === undefined) continue;
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
  }
}

function mergeAffinityKeys(affinity: PodAffinity | undefined, labels: Labels): void {
  const terms: PodAffinityTerm[] = [
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  for (const { labelSelector, matchLabelKeys, mismatchLabelKeys } of terms) {
    mergeKeys(labelSelector, matchLabelKeys, "In", labels);
    mergeKeys(labelSelector, mismatchLabelKeys, "NotIn", labels);
  }
}

const PROFILE_OF: Readonly<Record<string, AppArmorProfile>> = {
  unconfined: { type: "Unconfined" },
  "runtime/default": { type: "RuntimeDefault" },
};
const LOCALHOST = "localhost/";

function profileOf(annotation: string): AppArmorProfile | undefined {
  const profile: AppArmorProfile | undefined = annotation.startsWith(LOCALHOST)
    ? { type: "Localhost", localhostProfile: annotation.slice(LOCALHOST.length) }
    : PROFILE_OF[annotation];
  const errors: FieldError[] = [];
  addAppArmorErrors(profile, "", errors);
  return errors.length === 0 ? profile : undefined;
}

/** A profile that only the old annotation names becomes the field that kubelets read. */
function takeOverAppArmor({ spec, metadata }: Pod): void {
  const { annotations } = metadata;
  if (annotations === undefined || spec.os?.name === "windows") return;
  const containers: readonly { readonly name: string; securityContext?: SecurityContext | undefined }[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
  ];
  for (const container of containers) {
    const annotation = annotations[`${APP_ARMOR}${container.name}`];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    const profile = profileOf(annotation);
    if (profile === undefined || deepEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  }
}
