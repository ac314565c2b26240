/** Short forms in which the bootstrap policy is written down. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from "../../shared/api/generated/rbac/v1.ts";

export const READ = "get list watch";
export const WRITE = "create delete deletecollection patch update";
export const READ_WRITE = `${READ} ${WRITE}`;

const API_GROUP = "rbac.authorization.k8s.io";
const LABELS = { "kubernetes.io/bootstrapping": "rbac-defaults" };
const ANNOTATIONS = { "rbac.authorization.kubernetes.io/autoupdate": "true" };

function words(text: string): string[] {
  return text.split(" ").sort();
}

/** `may("get list", "apps", "deployments replicasets")`; the core group is `core`, several groups are separated by a space. */
export function may(verbs: string, groups: string, resources: string, resourceNames?: readonly string[]): PolicyRule {
  return {
    apiGroups: words(groups).map((group) => (group === "core" ? "" : group)),
    ...(resourceNames === undefined ? {} : { resourceNames: [...resourceNames] }),
    resources: words(resources),
    verbs: words(verbs),
  };
}

/** Verbs on paths that are not of resources. */
export function mayPath(verbs: string, paths: string): PolicyRule {
  return { nonResourceURLs: words(paths), verbs: words(verbs) };
}

export const recordEvents: PolicyRule = may("create patch update", "core events.k8s.io", "events");
/** What a component that checks its callers against the API needs. */
export const delegateAuth: readonly PolicyRule[] = [
  may("create", "authentication.k8s.io", "tokenreviews"),
  may("create", "authorization.k8s.io", "subjectaccessreviews"),
];
/** A lease of that name for leader election. */
export function leadBy(name: string): PolicyRule[] {
  return [may("create", "coordination.k8s.io", "leases"), may("get update", "coordination.k8s.io", "leases", [name])];
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Record<string, string> = {},
): ClusterRole {
  return { metadata: { name, labels: { ...LABELS, ...labels }, annotations: ANNOTATIONS }, rules: [...rules] };
}

const AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";
/** Label that makes a role part of `admin`, `edit` or `view`. */
export function aggregatesTo(target: string): Record<string, string> {
  return { [`${AGGREGATE}${target}`]: "true" };
}

/** A role that consists of all those with the label of its name. */
export function aggregatedRole(name: string, labels: Record<string, string> = {}): ClusterRole {
  return {
    metadata: { name, labels: { ...LABELS, ...labels }, annotations: ANNOTATIONS },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregatesTo(name) }] },
  };
}

export function user(name: string): Subject {
  return { apiGroup: API_GROUP, kind: "User", name };
}
export function group(name: string): Subject {
  return { apiGroup: API_GROUP, kind: "Group", name };
}
export function serviceAccount(namespace: string, name: string): Subject {
  return { kind: "ServiceAccount", name, namespace };
}

/** Binding of the same name as its role. */
export function bindCluster(role: string, ...subjects: Subject[]): ClusterRoleBinding {
  return {
    metadata: { name: role, labels: LABELS, annotations: ANNOTATIONS },
    roleRef: { apiGroup: API_GROUP, kind: "ClusterRole", name: role },
    subjects,
  };
}

export function namespacedRole(namespace: string, name: string, ...rules: PolicyRule[]): Role {
  return { metadata: { name, namespace, labels: LABELS, annotations: ANNOTATIONS }, rules };
}

export function bindRole(namespace: string, role: string, name: string, ...subjects: Subject[]): RoleBinding {
  return {
    metadata: { name, namespace, labels: LABELS, annotations: ANNOTATIONS },
    roleRef: { apiGroup: API_GROUP, kind: "Role", name: role },
    subjects,
  };
}
