import type { Node, Taint } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { nodes } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn, wideColumn } from "../../tables/columns.ts";
import { duplicate, forbiddenField, invalidFor, notSupported, required } from "../../validation/field-errors.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";
const EFFECTS = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

export const nodeStrategy = serve<Node>({
  resource: nodes,
  shortNames: ["no"],
  storagePrefix: "minions",
  subresources: [
    {
      name: "proxy",
      verbs: ["create", "delete", "get", "patch", "update"],
      kind: { group: "", version: "v1", kind: "NodeProxyOptions" },
      isConnect: true,
    },
  ],
  defaults: (node) => {
    const { spec, status } = node;
    // Two spellings of one fact: the list, and its first element.
    const range = spec.podCIDRs?.[0] ?? spec.podCIDR;
    if (range !== undefined && range !== "") {
      spec.podCIDR = range;
      spec.podCIDRs ??= [range];
    }
    if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: (node) => (node.spec.taints ?? []).flatMap((taint, index, all) => taintErrors(taint, index, all)),
  validateUpdate: (next, previous) => [
    ...writeOnce(
      next.spec.podCIDRs,
      previous.spec.podCIDRs,
      "spec.podCIDRs",
      'node updates may not change podCIDR except from "" to valid',
    ),
    ...writeOnce(
      next.spec.providerID,
      previous.spec.providerID,
      "spec.providerID",
      'node updates may not change providerID except from "" to valid',
    ),
  ],
  selectableFields: { "spec.unschedulable": (node) => String(node.spec.unschedulable ?? false) },
  columns: [
    nameColumn,
    textColumn("Status", "The status of the node", nodeStatus),
    textColumn("Roles", "The roles of the node", nodeRoles),
    ageColumn,
    textColumn(
      "Version",
      "Kubelet Version reported by the node.",
      (node) => node.status?.nodeInfo?.kubeletVersion ?? "",
    ),
    wideColumn("Internal-IP", "First address of type InternalIP.", (node) => address(node, "InternalIP")),
    wideColumn("External-IP", "First address of type ExternalIP.", (node) => address(node, "ExternalIP")),
    wideColumn("OS-Image", "OS Image reported by the node.", (node) => orUnknown(node.status?.nodeInfo?.osImage)),
    wideColumn("Kernel-Version", "Kernel Version reported by the node.", (node) =>
      orUnknown(node.status?.nodeInfo?.kernelVersion),
    ),
    wideColumn("Container-Runtime", "ContainerRuntime Version reported by the node.", (node) =>
      orUnknown(node.status?.nodeInfo?.containerRuntimeVersion),
    ),
  ],
  example: { spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24"] } },
});

function orUnknown(text: string | undefined): string {
  return text === undefined || text === "" ? "<unknown>" : text;
}

function nodeStatus(node: Node): string {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  const words = [ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"];
  if (node.spec.unschedulable === true) words.push("SchedulingDisabled");
  return words.join(",");
}

function nodeRoles(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value !== "") roles.add(value);
  }
  return orNone([...roles].sort().join(","));
}

function address(node: Node, type: string): string {
  return orNone(node.status?.addresses?.find((candidate) => candidate.type === type)?.address);
}

function writeOnce(next: unknown, previous: unknown, field: string, why: string): FieldError[] {
  const wasUnset = previous === undefined || previous === "" || (Array.isArray(previous) && previous.length === 0);
  return wasUnset || deepEqual(next, previous) ? [] : [forbiddenField(field, why)];
}

function taintErrors(taint: Taint, index: number, all: readonly Taint[]): FieldError[] {
  const at = `spec.taints[${index}]`;
  const errors =
    taint.key === "" ? [required(`${at}.key`)] : invalidFor(`${at}.key`, taint.key, qualifiedNameProblems(taint.key));
  errors.push(...invalidFor(`${at}.value`, taint.value ?? "", labelValueProblems(taint.value ?? "")));
  if (taint.effect === "") errors.push(required(`${at}.effect`));
  else if (!EFFECTS.includes(taint.effect)) errors.push(notSupported(`${at}.effect`, taint.effect, EFFECTS));
  const isRepeated = all.findIndex(({ key, effect }) => key === taint.key && effect === taint.effect) < index;
  return isRepeated ? [...errors, duplicate(at, taint)] : errors;
}
