/** Who has which role from the start, and the roles inside `kube-system` and `kube-public`. */
import type { ClusterRoleBinding, Role, RoleBinding } from "../../shared/api/generated/rbac/v1.ts";
import { ALL_AUTHENTICATED, SUPERUSER_GROUP } from "../authentication/user.ts";
import { bindCluster, bindRole, group, may, namespacedRole, READ, serviceAccount, user } from "./policy-rules.ts";

const UNAUTHENTICATED = "system:unauthenticated";
const CONTROLLER_MANAGER = "system:kube-controller-manager";
const SCHEDULER = "system:kube-scheduler";

export const clusterBindings: readonly ClusterRoleBinding[] = [
  bindCluster("cluster-admin", group(SUPERUSER_GROUP)),
  bindCluster("system:monitoring", group("system:monitoring")),
  bindCluster("system:discovery", group(ALL_AUTHENTICATED)),
  bindCluster("system:basic-user", group(ALL_AUTHENTICATED)),
  bindCluster("system:public-info-viewer", group(ALL_AUTHENTICATED), group(UNAUTHENTICATED)),
  bindCluster("system:node-proxier", user("system:kube-proxy")),
  bindCluster(CONTROLLER_MANAGER, user(CONTROLLER_MANAGER)),
  bindCluster("system:kube-dns", serviceAccount("kube-system", "kube-dns")),
  bindCluster(SCHEDULER, user(SCHEDULER)),
  bindCluster("system:volume-scheduler", user(SCHEDULER)),
  // Nodes have their rights from the Node authorizer; the binding is there for those who want to give the role.
  bindCluster("system:node"),
  bindCluster("system:service-account-issuer-discovery", group("system:serviceaccounts")),
];

const SYSTEM = "kube-system";
const PUBLIC = "kube-public";
const AUTHENTICATION_READER = "extension-apiserver-authentication-reader";
const leaderElection = (component: string): Role =>
  namespacedRole(
    SYSTEM,
    `system::leader-locking-${component}`,
    may("watch", "core", "configmaps"),
    may("get update", "core", "configmaps", [component]),
  );

export const namespacedRoles: readonly Role[] = [
  namespacedRole(
    SYSTEM,
    AUTHENTICATION_READER,
    may(READ, "core", "configmaps", ["extension-apiserver-authentication"]),
  ),
  namespacedRole(SYSTEM, "system:controller:bootstrap-signer", may(READ, "core", "secrets")),
  namespacedRole(SYSTEM, "system:controller:cloud-provider", may(`create patch update ${READ}`, "core", "configmaps")),
  namespacedRole(SYSTEM, "system:controller:token-cleaner", may(`delete ${READ}`, "core", "secrets")),
  leaderElection("kube-controller-manager"),
  leaderElection("kube-scheduler"),
  namespacedRole(
    PUBLIC,
    "system:controller:bootstrap-signer",
    may(READ, "core", "configmaps"),
    may("update", "core", "configmaps", ["cluster-info"]),
    may("create patch update", "core events.k8s.io", "events"),
  ),
];

const accountBinding = (namespace: string, role: string, account: string): RoleBinding =>
  bindRole(namespace, role, role, serviceAccount(SYSTEM, account));

export const namespacedBindings: readonly RoleBinding[] = [
  bindRole(
    SYSTEM,
    AUTHENTICATION_READER,
    `system::${AUTHENTICATION_READER}`,
    user(CONTROLLER_MANAGER),
    user(SCHEDULER),
  ),
  bindRole(
    SYSTEM,
    "system::leader-locking-kube-controller-manager",
    "system::leader-locking-kube-controller-manager",
    user(CONTROLLER_MANAGER),
    serviceAccount(SYSTEM, "kube-controller-manager"),
  ),
  bindRole(
    SYSTEM,
    "system::leader-locking-kube-scheduler",
    "system::leader-locking-kube-scheduler",
    user(SCHEDULER),
    serviceAccount(SYSTEM, "kube-scheduler"),
  ),
  accountBinding(SYSTEM, "system:controller:bootstrap-signer", "bootstrap-signer"),
  accountBinding(SYSTEM, "system:controller:cloud-provider", "cloud-provider"),
  accountBinding(SYSTEM, "system:controller:token-cleaner", "token-cleaner"),
  accountBinding(PUBLIC, "system:controller:bootstrap-signer", "bootstrap-signer"),
];
