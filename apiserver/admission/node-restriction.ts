/**
 * NodeRestriction (upstream: `plugin/pkg/admission/noderestriction`): a kubelet changes its own Node, lease and
 * CSINode, and pods that run on it. Upstream also limits what a node may read (the Node authorizer), and more labels.
 */
import type { TokenRequest } from "../../shared/api/generated/authentication/v1.ts";
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { csiNodes, leases, nodes, pods, serviceAccounts } from "../../shared/resources/catalog.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { isAbout, refuse } from "./refusal.ts";

const NODE_USER = "system:node:";
const NODE_GROUP = "system:nodes";
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
const NODE_LEASES = "kube-node-lease";
const RESTRICTED_LABEL = "node-restriction.kubernetes.io/";

/** Name of the node that the user is; nothing for everybody else. */
export function nodeOfUser(user: UserInfo): string | undefined {
  const isNode = user.name.startsWith(NODE_USER) && user.groups.includes(NODE_GROUP);
  return isNode ? user.name.slice(NODE_USER.length) : undefined;
}

function checkPod(request: AdmissionRequest, node: string): string | undefined {
  const pod = (request.object ?? request.oldObject) as Pod | undefined;
  const before = request.oldObject as Pod | undefined;
  const self = `node ${JSON.stringify(node)}`;
  switch (request.operation) {
    case "CREATE":
      if (request.subresource !== "") return undefined;
      if (pod?.metadata.annotations?.[MIRROR_ANNOTATION] === undefined) {
        return `pod does not have ${JSON.stringify(MIRROR_ANNOTATION)} annotation, ${self} can only create mirror pods`;
      }
      return pod.spec.nodeName === node ? undefined : `${self} can only create pods with spec.nodeName set to itself`;
    case "UPDATE":
      if (request.subresource !== "status")
        return `unexpected operation "UPDATE", ${self} can only create and delete mirror pods`;
      return before?.spec.nodeName === node
        ? undefined
        : `${self} can only update pod status for pods with spec.nodeName set to itself`;
    case "DELETE":
      return before?.spec.nodeName === node
        ? undefined
        : `${self} can only delete pods with spec.nodeName set to itself`;
    case "CONNECT":
      return undefined;
  }
}

function restrictedLabels(node: Node | undefined): string[][] {
  return Object.entries(node?.metadata.labels ?? {}).filter(([key]) => key.startsWith(RESTRICTED_LABEL));
}

function checkNode(request: AdmissionRequest, node: string): string | undefined {
  const self = `node ${JSON.stringify(node)}`;
  if (request.name !== node) return `${self} is not allowed to modify node ${JSON.stringify(request.name)}`;
  const next = request.object as Node | undefined;
  const before = request.oldObject as Node | undefined;
  if (next === undefined) return undefined;
  if (!deepEqual(restrictedLabels(next), restrictedLabels(before))) {
    return `is not allowed to modify labels with the prefix ${RESTRICTED_LABEL}`;
  }
  if (request.operation !== "UPDATE" || deepEqual(next.spec?.taints ?? [], before?.spec?.taints ?? []))
    return undefined;
  return `${self} is not allowed to modify taints`;
}

function checkLease(request: AdmissionRequest, node: string): string | undefined {
  if (request.namespace !== NODE_LEASES)
    return `can only access leases in the ${JSON.stringify(NODE_LEASES)} system namespace`;
  return request.name === node ? undefined : "can only access node lease with the same name as the requesting node";
}

function checkToken(request: AdmissionRequest, node: string, reader: ObjectReader): string | undefined {
  if (request.subresource !== "token") return undefined;
  const ref = (request.object as TokenRequest | undefined)?.spec?.boundObjectRef;
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || ref.name === undefined)
    return "node requested token not bound to a pod";
  if (ref.uid === undefined || ref.uid === "") return "node requested token with a pod binding without a uid";
  const pod = reader.get(pods, request.namespace, ref.name);
  if (pod === undefined || pod.metadata.uid !== ref.uid)
    return "node requested token bound to a pod that does not exist";
  return pod.spec.nodeName === node ? undefined : "node requested token bound to a pod scheduled on a different node";
}

function problemOf(request: AdmissionRequest, node: string, reader: ObjectReader): string | undefined {
  if (isAbout(request, pods)) return checkPod(request, node);
  if (isAbout(request, nodes)) return checkNode(request, node);
  if (isAbout(request, leases)) return checkLease(request, node);
  if (isAbout(request, serviceAccounts)) return checkToken(request, node, reader);
  if (!isAbout(request, csiNodes) || request.name === node) return undefined;
  return "can only access CSINode with the same name as the requesting node";
}

export function nodeRestriction(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    validate: (request) => {
      const node = nodeOfUser(request.user);
      const problem = node === undefined ? undefined : problemOf(request, node, reader);
      if (problem !== undefined) throw refuse(request, problem);
    },
  };
}
