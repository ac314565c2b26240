/** What a node may do to pods: run mirror pods of its own that name nothing, report on and remove what runs on it. */
import type { OwnerReference } from "../../../shared/api/generated/meta/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { notFound } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { nodes, pods } from "../../../shared/resources/catalog.ts";
import { configMapNames, MIRROR_POD_ANNOTATION, secretNames } from "../../authorization/node/pod-references.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { AdmissionRequest } from "../admission.ts";

function ownerProblem(owners: readonly OwnerReference[], node: string, reader: ObjectReader): string | undefined {
  const self = `node "${node}"`;
  const [owner, ...more] = owners;
  if (more.length > 0) return `${self} can only create pods with a single owner reference set to itself`;
  if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) {
    return `${self} can only create pods with an owner reference set to itself`;
  }
  if (owner.controller !== true) {
    return `${self} can only create pods with a controller owner reference set to itself`;
  }
  if (owner.blockOwnerDeletion === true) return `${self} must not set blockOwnerDeletion on an owner reference`;
  const uid = reader.get(nodes, undefined, node)?.metadata.uid;
  if (uid === undefined) throw notFound(nodes, node);
  return owner.uid === uid ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
}

/** A pod that a node makes must not open anything to it. */
function referenceProblem(pod: Pod, node: string): string | undefined {
  const volumes = pod.spec.volumes ?? [];
  const named: readonly [boolean, string][] = [
    [(pod.spec.serviceAccountName ?? "") !== "", "a service account"],
    [secretNames(pod).size > 0, "secrets"],
    [configMapNames(pod).size > 0, "configmaps"],
    [
      volumes.some((volume) => volume.projected?.sources?.some((one) => one.clusterTrustBundle !== undefined)),
      "clustertrustbundles",
    ],
    [volumes.some((volume) => volume.persistentVolumeClaim !== undefined), "persistentvolumeclaims"],
    [(pod.spec.resourceClaims ?? []).length > 0, "resourceclaims"],
  ];
  const found = named.find(([isNamed]) => isNamed);
  return found === undefined ? undefined : `node "${node}" can not create pods that reference ${found[1]}`;
}

function creationProblem(pod: Pod, node: string, reader: ObjectReader): string | undefined {
  if (pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] === undefined) {
    return `pod does not have "${MIRROR_POD_ANNOTATION}" annotation, node "${node}" can only create mirror pods`;
  }
  if (pod.spec.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  return ownerProblem(pod.metadata.ownerReferences ?? [], node, reader) ?? referenceProblem(pod, node);
}

function statusProblem({ operation, object, oldObject }: AdmissionRequest, node: string): string | undefined {
  if (operation !== "UPDATE") return `unexpected operation "${operation}"`;
  const [next, before] = [object as Pod, oldObject as Pod];
  if (before.spec.nodeName !== node) {
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (!deepEqual(next.metadata.labels ?? {}, before.metadata.labels ?? {})) {
    return `node "${node}" cannot update labels through pod status`;
  }
  if (!deepEqual(next.status?.resourceClaimStatuses ?? [], before.status?.resourceClaimStatuses ?? [])) {
    return `node "${node}" cannot update resource claim statues`;
  }
  if (!deepEqual(next.status?.extendedResourceClaimStatus, before.status?.extendedResourceClaimStatus)) {
    return `node "${node}" cannot update extended resource claim statues`;
  }
  return undefined;
}

function evictionProblem({ operation, namespace, name }: AdmissionRequest, node: string, reader: ObjectReader) {
  if (operation !== "CREATE") return `unexpected operation ${operation}`;
  const pod = reader.get(pods, namespace, name);
  if (pod === undefined) throw notFound(pods, name);
  return pod.spec.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
}

/** Why the node may not do that to a pod; nothing when it may. */
export function podProblem(request: AdmissionRequest, node: string, reader: ObjectReader): string | undefined {
  const { operation, subresource, object, oldObject } = request;
  if (subresource === "status") return statusProblem(request, node);
  if (subresource === "eviction") return evictionProblem(request, node, reader);
  if (subresource !== "") {
    return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
  }
  if (operation === "CREATE") return creationProblem(object as Pod, node, reader);
  if (operation !== "DELETE") {
    return `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`;
  }
  return (oldObject as Pod).spec.nodeName === node
    ? undefined
    : `node "${node}" can only delete pods with spec.nodeName set to itself`;
}
