/**
 * NodeRestriction (upstream: `plugin/pkg/admission/noderestriction`): what a kubelet may write into the objects that
 * the Node authorizer lets it touch.
 */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import type { PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { ResourceSlice } from "../../../shared/api/generated/resource/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import {
  certificateSigningRequests,
  csiNodes,
  leases,
  nodes,
  persistentVolumeClaims,
  pods,
  resourceSlices,
  serviceAccounts,
} from "../../../shared/resources/catalog.ts";
import { groupResourceOf, type KubeObject } from "../../../shared/resources/resource.ts";
import { NODE_USER_PREFIX, nodeOfUser } from "../../authentication/node-identity.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { requestSubject } from "../certificates/request-subject.ts";
import { refuse } from "../refusal.ts";
import { nodeProblem } from "./nodes.ts";
import { podProblem } from "./pods.ts";
import { tokenProblem } from "./tokens.ts";

const NODE_LEASES = "kube-node-lease";

interface Dependencies {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
}

/** Why the node may not do that; nothing when it may. */
type Problem = (request: AdmissionRequest, node: string, dependencies: Dependencies) => string | undefined;

const leaseProblem: Problem = ({ namespace, name }, node) => {
  if (namespace !== NODE_LEASES) return `can only access leases in the "${NODE_LEASES}" system namespace`;
  return name === node ? undefined : "can only access node lease with the same name as the requesting node";
};

const csiNodeProblem: Problem = ({ name }, node) =>
  name === node ? undefined : "can only access CSINode with the same name as the requesting node";

const resourceSliceProblem: Problem = ({ operation, object, oldObject }, node) => {
  if (operation !== "CREATE" && operation !== "DELETE") return undefined;
  const slice = (operation === "CREATE" ? object : oldObject) as ResourceSlice | undefined;
  return slice?.spec.nodeName === node
    ? undefined
    : `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`;
};

/** Everything of a claim that its node must leave alone. */
function claimWithoutMeasures(object: KubeObject | undefined): unknown {
  const { metadata, status, ...rest } = object as PersistentVolumeClaim;
  const { resourceVersion: _revision, managedFields: _managers, ...kept } = metadata;
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _allocated,
    allocatedResourceStatuses: _statuses,
    ...left
  } = status ?? {};
  return { ...rest, metadata: kept, status: left };
}

const KUBELET_SIGNERS = ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];

/** A kubelet asks for certificates of its own name only. */
const certificateProblem: Problem = ({ operation, subresource, object }, node) => {
  const { spec } = object as CertificateSigningRequest;
  if (operation !== "CREATE" || subresource !== "" || !KUBELET_SIGNERS.includes(spec.signerName)) return undefined;
  const wanted = `${NODE_USER_PREFIX}${node}`;
  return requestSubject(spec.request).commonName === wanted
    ? undefined
    : `can only create a node CSR with CN=${wanted}`;
};

const claimProblem: Problem = ({ operation, subresource, object, oldObject }, node) => {
  if (subresource !== "status") return "may only update PVC status";
  if (operation !== "UPDATE") return `unexpected operation "${operation}"`;
  return deepEqual(claimWithoutMeasures(object), claimWithoutMeasures(oldObject))
    ? undefined
    : `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`;
};

const PROBLEMS: ReadonlyMap<string, Problem> = new Map([
  [groupResourceOf(pods), (request, node, { reader }) => podProblem(request, node, reader)],
  [groupResourceOf(nodes), nodeProblem],
  [groupResourceOf(persistentVolumeClaims), claimProblem],
  [groupResourceOf(serviceAccounts), tokenProblem],
  [groupResourceOf(leases), leaseProblem],
  [groupResourceOf(csiNodes), csiNodeProblem],
  [groupResourceOf(resourceSlices), resourceSliceProblem],
  [groupResourceOf(certificateSigningRequests), certificateProblem],
] satisfies [string, Problem][]);

export function nodeRestriction(dependencies: Dependencies): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    validate: (request) => {
      const node = nodeOfUser(request.user);
      if (node === undefined) return;
      if (node === "") throw refuse(request, `could not determine node from user "${request.user.name}"`);
      const problem = PROBLEMS.get(groupResourceOf(request.resource))?.(request, node, dependencies);
      if (problem !== undefined) throw refuse(request, problem);
    },
  };
}
