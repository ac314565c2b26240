/**
 * What kubelets may ask for (upstream: `plugin/pkg/auth/authorizer/node/node_authorizer.go`): objects that belong to
 * their own node, and for the rest the rules that all nodes have. It only ever allows: who is refused here may still
 * be allowed by another authorizer. What a node may write into its objects is up to NodeRestriction.
 */
import type { PolicyRule } from "../../../shared/api/generated/rbac/v1.ts";
import { nodeOfUser } from "../../authentication/node-identity.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "../authorizer.ts";
import { compileRule, coversPath, coversResource } from "../rules.ts";
import type { NodeObjectKind, NodeRelations } from "./node-relations.ts";

type ResourceAttributes = Extract<AuthorizationAttributes, { kind: "resource" }>;
/** Nothing when the request is allowed, else why not. */
type Refusal = string | undefined;
type Check = (node: string, asked: ResourceAttributes, relations: NodeRelations) => Refusal;

const NODE_LEASES = "kube-node-lease";
const NO_REASON = "";
const ALLOWED: AuthorizationDecision = { isAllowed: true, reason: "" };

function related(kind: NodeObjectKind): Check {
  return (node, { namespace, name }, relations) => {
    if (name === "") return "No Object name found";
    if (relations.isRelated(node, kind, namespace, name)) return undefined;
    return `no relationship found between node '${node}' and this object`;
  };
}

const getOf =
  (kind: NodeObjectKind): Check =>
  (node, asked, relations) => {
    if (asked.verb !== "get") return "can only get individual resources of this type";
    if (asked.subresource !== "") return "cannot get subresource";
    return related(kind)(node, asked, relations);
  };

const readOf =
  (kind: NodeObjectKind): Check =>
  (node, asked, relations) => {
    if (!["get", "list", "watch"].includes(asked.verb)) return "can only read resources of this type";
    if (asked.subresource !== "") return "cannot read subresource";
    if (asked.namespace === "") return "can only read namespaced object of this type";
    return related(kind)(node, asked, relations);
  };

const checkClaim: Check = (node, asked, relations) => {
  if (asked.subresource !== "status") return getOf("claim")(node, asked, relations);
  if (asked.verb !== "update" && asked.verb !== "patch") return "can only get/update/patch this type";
  return related("claim")(node, asked, relations);
};

const checkToken: Check = (node, asked, relations) => {
  if (asked.verb !== "create" || asked.name === "") return "can only create tokens for individual service accounts";
  if (asked.subresource !== "token") return "can only create token subresource of serviceaccount";
  return related("serviceAccount")(node, asked, relations);
};

const OWN_OBJECT_VERBS = ["get", "create", "update", "patch", "delete"];

const checkLease: Check = (node, { verb, namespace, name }) => {
  if (!OWN_OBJECT_VERBS.includes(verb)) return "can only get, create, update, patch, or delete a node lease";
  if (namespace !== NODE_LEASES) return `can only access leases in the "${NODE_LEASES}" system namespace`;
  // A creation does not say its name here: NodeRestriction looks at that.
  if (verb === "create" || name === node) return undefined;
  return "can only access node lease with the same name as the requesting node";
};

const checkCsiNode: Check = (node, { verb, subresource, name }) => {
  if (!OWN_OBJECT_VERBS.includes(verb)) return "can only get, create, update, patch, or delete a CSINode";
  if (subresource !== "") return "cannot authorize CSINode subresources";
  if (verb === "create" || name === node) return undefined;
  return "can only access CSINode with the same name as the requesting node";
};

function selects({ fieldSelector = [] }: ResourceAttributes, field: string, value: string): boolean {
  return fieldSelector.some((one) => one.field === field && one.operator === "=" && one.value === value);
}

const checkResourceSlice: Check = (node, asked, relations) => {
  if (asked.subresource !== "") return "cannot authorize ResourceSlice subresources";
  switch (asked.verb) {
    case "create":
      return undefined;
    case "get":
    case "update":
    case "patch":
    case "delete":
      return related("resourceSlice")(node, asked, relations);
    case "watch":
    case "list":
    case "deletecollection":
      return selects(asked, "spec.nodeName", node)
        ? undefined
        : "can only list/watch/deletecollection resourceslices with nodeName field selector";
    default:
      return "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection";
  }
};

const checkNode: Check = (node, { verb, subresource, name }) => {
  const request = `${verb} ${subresource}`;
  if (["create ", "update ", "patch ", "update status", "patch status"].includes(request)) return undefined;
  if (!["get ", "list ", "watch "].includes(request)) return NO_REASON;
  if (name === node) return undefined;
  return name === ""
    ? `node '${node}' cannot read all nodes, only its own Node object`
    : `node '${node}' cannot read '${name}', only its own Node object`;
};

const checkPod: Check = (node, asked, relations) => {
  switch (`${asked.verb} ${asked.subresource}`) {
    case "get ":
      return related("pod")(node, asked, relations);
    case "list ":
    case "watch ":
      if (selects(asked, "spec.nodeName", node)) return undefined;
      if (asked.name !== "") return related("pod")(node, asked, relations);
      return "can only list/watch pods with spec.nodeName field selector";
    case "create ":
    case "delete ":
    case "update status":
    case "patch status":
    case "create eviction":
      return undefined;
    default:
      return NO_REASON;
  }
};

/** By `<plural>.<group>`; everything else is up to the static rules. */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  ["secrets.", readOf("secret")],
  ["configmaps.", readOf("configMap")],
  ["persistentvolumeclaims.", checkClaim],
  ["persistentvolumes.", getOf("volume")],
  ["resourceclaims.resource.k8s.io", getOf("resourceClaim")],
  ["volumeattachments.storage.k8s.io", getOf("volumeAttachment")],
  ["serviceaccounts.", checkToken],
  ["leases.coordination.k8s.io", checkLease],
  ["csinodes.storage.k8s.io", checkCsiNode],
  ["resourceslices.resource.k8s.io", checkResourceSlice],
  ["nodes.", checkNode],
  ["pods.", checkPod],
]);

/** `rules` are those that all nodes have. */
export function createNodeAuthorizer(relations: NodeRelations, rules: readonly PolicyRule[]): Authorizer {
  const compiled = rules.map(compileRule);
  const refusalOf = (node: string, asked: AuthorizationAttributes): Refusal => {
    if (asked.kind === "path") {
      return compiled.some((rule) => coversPath(rule, asked.verb, asked.path)) ? undefined : NO_REASON;
    }
    const check = CHECKS.get(`${asked.resource}.${asked.group}`);
    if (check !== undefined) return check(node, asked, relations);
    return compiled.some((rule) => coversResource(rule, asked)) ? undefined : NO_REASON;
  };
  return {
    authorize: (user, asked) => {
      const node = nodeOfUser(user);
      if (node === undefined) return { isAllowed: false, reason: NO_REASON };
      if (node === "") return { isAllowed: false, reason: `unknown node for user "${user.name}"` };
      const refusal = refusalOf(node, asked);
      return refusal === undefined ? ALLOWED : { isAllowed: false, reason: refusal };
    },
  };
}
