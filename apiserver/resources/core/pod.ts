import type { Pod, PodStatus } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { pods } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { type RowCondition, serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn, wideColumn } from "../../tables/columns.ts";
import { defaultPodSpec, defaultRunningPod, syncServiceAccount } from "../pod-spec/defaults.ts";
import { ipWarnings } from "../../validation/addresses.ts";
import { forbiddenField } from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { addProfileMatchErrors } from "../pod-spec/pod-annotations.ts";
import { defaultPodResources } from "../pod-spec/pod-resources.ts";
import { validatePodSpec } from "../pod-spec/validate.ts";
import { podWarnings } from "../pod-spec/warnings.ts";
import { prepareNewPod } from "./pod-create.ts";
import { specWithEphemeralContainers, validateEphemeralContainersUpdate } from "./pod-ephemeral-containers.ts";
import { specWithResources, validatePodResize } from "./pod-resize.ts";
import { keepObservedGenerations, validatePodStatusUpdate } from "./pod-status-update.ts";
import { summarizePod } from "./pod-status-text.ts";
import { validatePodUpdate } from "./pod-update.ts";

const PROXY_VERBS = ["create", "delete", "get", "patch", "update"];

/** What a table tells of pods that are done. */
const ROW_CONDITIONS: readonly RowCondition[] = [
  { type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." },
  { type: "Completed", status: "True", reason: "Failed", message: "The pod failed." },
];

export const podStrategy = serve<Pod>({
  resource: pods,
  shortNames: ["po"],
  categories: ["all"],
  storagePrefix: "pods",
  subresources: [
    {
      name: "attach",
      verbs: ["create", "get"],
      kind: { group: "", version: "v1", kind: "PodAttachOptions" },
      isConnect: true,
    },
    { name: "binding", verbs: ["create"], kind: { group: "", version: "v1", kind: "Binding" } },
    { name: "eviction", verbs: ["create"], kind: { group: "policy", version: "v1", kind: "Eviction" } },
    {
      name: "exec",
      verbs: ["create", "get"],
      kind: { group: "", version: "v1", kind: "PodExecOptions" },
      isConnect: true,
    },
    { name: "log", verbs: ["get"] },
    {
      name: "portforward",
      verbs: ["create", "get"],
      kind: { group: "", version: "v1", kind: "PodPortForwardOptions" },
      isConnect: true,
    },
    { name: "proxy", verbs: PROXY_VERBS, kind: { group: "", version: "v1", kind: "PodProxyOptions" }, isConnect: true },
  ],
  partSubresources: {
    ephemeralcontainers: {
      prepareForUpdate: (next, previous) => {
        next.spec = specWithEphemeralContainers(previous.spec, next.spec);
        keepRest(next, previous);
      },
      validateUpdate: validateEphemeralContainersUpdate,
    },
    resize: {
      prepareForUpdate: (next, previous) => {
        next.spec = specWithResources(previous.spec, next.spec);
        keepRest(next, previous);
      },
      validateUpdate: validatePodResize,
    },
  },
  hasGeneration: true,
  defaults: (pod) => {
    defaultPodSpec(pod.spec);
    defaultRunningPod(pod.spec);
    defaultPodResources(pod.spec);
    pod.status ??= {};
    pod.status.phase ??= "Pending";
    syncAddresses(pod.status);
  },
  prepareForCreate: (pod) => {
    syncServiceAccount(pod.spec);
    prepareNewPod(pod);
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      // Owners are the garbage collector's: a status update carries stale ones.
      next.metadata.ownerReferences = previous.metadata.ownerReferences;
      next.metadata.deletionTimestamp = previous.metadata.deletionTimestamp;
      next.status ??= {};
      next.status.qosClass ??= previous.status?.qosClass;
      syncAddresses(next.status);
      keepObservedGenerations(next.status, previous.status);
    },
    validateUpdate: validatePodStatusUpdate,
  },
  validate: validatePodSpec,
  validateCreate: validateNewPod,
  validateUpdate: validatePodUpdate,
  warnings: (pod, previous) => (previous === undefined ? newPodWarnings(pod) : addressWarnings(pod, previous)),
  gracePeriodSeconds: (pod, requested) => {
    const isDone = pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
    if ((pod.spec.nodeName ?? "") === "" || isDone) return 0;
    const seconds = requested ?? Number(pod.spec.terminationGracePeriodSeconds ?? 0);
    return seconds < 0 ? 1 : seconds;
  },
  selectableFields: {
    "spec.nodeName": (pod) => pod.spec.nodeName ?? "",
    "spec.restartPolicy": (pod) => pod.spec.restartPolicy ?? "",
    "spec.schedulerName": (pod) => pod.spec.schedulerName ?? "",
    "spec.serviceAccountName": (pod) => pod.spec.serviceAccountName ?? "",
    "spec.hostNetwork": (pod) => String(pod.spec.hostNetwork ?? false),
    "status.phase": (pod) => pod.status?.phase ?? "",
    "status.podIP": (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "",
    "status.podIPs": (pod) => (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(","),
    "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName ?? "",
  },
  fieldAliases: { "spec.host": "spec.nodeName" },
  rowConditions: ({ status }) => ROW_CONDITIONS.filter(({ reason }) => reason === status?.phase),
  columns: [
    nameColumn,
    textColumn("Ready", "The aggregate readiness state of this pod for accepting traffic.", (pod, nowMs) => {
      const { readyContainers, totalContainers } = summarizePod(pod, nowMs);
      return `${readyContainers}/${totalContainers}`;
    }),
    textColumn(
      "Status",
      "The aggregate status of the containers in this pod.",
      (pod, nowMs) => summarizePod(pod, nowMs).reason,
    ),
    textColumn(
      "Restarts",
      "How often containers were restarted, and when last.",
      (pod, nowMs) => summarizePod(pod, nowMs).restarts,
    ),
    ageColumn,
    wideColumn("IP", "Address of the pod in the cluster.", (pod) =>
      orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP),
    ),
    wideColumn("Node", "The node that the pod runs on.", (pod) => orNone(pod.spec.nodeName)),
    wideColumn("Nominated Node", "The node where preemption makes room for the pod.", (pod) =>
      orNone(pod.status?.nominatedNodeName),
    ),
    wideColumn("Readiness Gates", "How many of the further readiness conditions hold.", readinessGates),
  ],
  example: { spec: { containers: [{ name: "main", image: "registry.example/app:1" }] } },
});

function newPodWarnings({ metadata, spec }: Pod): string[] {
  const problems = dnsLabelProblems(metadata.name);
  const aboutName =
    problems.length === 0
      ? []
      : [
          `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
        ];
  return [...aboutName, ...podWarnings(spec, metadata.annotations)];
}

/** Kubelets write addresses often and clients do not read warnings: only new ones are looked at. */
function addressWarnings({ status }: Pod, previous: Pod): string[] {
  if (status?.podIP === previous.status?.podIP && status?.hostIP === previous.status?.hostIP) return [];
  return [
    ...(status?.podIPs ?? []).flatMap(({ ip }, index) => ipWarnings(`status.podIPs[${index}].ip`, ip)),
    ...(status?.hostIPs ?? []).flatMap(({ ip }, index) => ipWarnings(`status.hostIPs[${index}].ip`, ip)),
  ];
}

/** What a subresource for one part of the spec leaves as it is. */
function keepRest(next: Pod, previous: Pod): void {
  next.status = previous.status;
  keepMetadataForStatus(next, previous);
}

function validateNewPod({ metadata, spec }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbiddenField("spec.ephemeralContainers", "cannot be set on create"));
  if ((spec.nodeName ?? "") !== "" && (spec.schedulingGates ?? []).length > 0)
    errors.push(forbiddenField("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  addProfileMatchErrors(metadata.annotations, spec, "spec", errors);
  return errors;
}

/** Two spellings of one fact: the list of addresses, and its first element. */
function syncAddresses(status: PodStatus): void {
  const podIp = status.podIPs?.[0]?.ip ?? status.podIP;
  if (podIp !== undefined && podIp !== "") {
    status.podIP = podIp;
    status.podIPs ??= [{ ip: podIp }];
  }
  const hostIp = status.hostIP ?? status.hostIPs?.[0]?.ip;
  if (hostIp !== undefined && hostIp !== "") {
    status.hostIP = hostIp;
    status.hostIPs ??= [{ ip: hostIp }];
  }
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const holds = (type: string): boolean =>
    pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
  return `${gates.filter(({ conditionType }) => holds(conditionType)).length}/${gates.length}`;
}
