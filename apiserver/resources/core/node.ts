import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { nodes } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn, wideColumn } from "../../tables/columns.ts";
import { nodeWarnings, validateNode, validateNodeUpdate } from "./node-validation.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";

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
    validateUpdate: (next, previous) => [...validateNode(next, previous), ...validateNodeUpdate(next, previous)],
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  warnings: nodeWarnings,
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
