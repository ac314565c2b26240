/** Roles that people are given: `cluster-admin`, `admin`, `edit`, `view`, and what everybody may ask. */
import type { ClusterRole } from "../../shared/api/generated/rbac/v1.ts";
import { aggregatedRole, aggregatesTo, clusterRole, may, mayPath, READ, READ_WRITE, WRITE } from "./policy-rules.ts";

const CONNECTS = "pods/attach pods/exec pods/portforward pods/proxy";
const APPS_WRITE =
  "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale";
const APPS_READ = `controllerrevisions daemonsets/status deployments/status replicasets/status statefulsets/status ${APPS_WRITE}`;

const aggregateToAdmin = clusterRole(
  "system:aggregate-to-admin",
  [
    may("create", "authorization.k8s.io", "localsubjectaccessreviews"),
    may(READ_WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
  ],
  aggregatesTo("admin"),
);

const aggregateToEdit = clusterRole(
  "system:aggregate-to-edit",
  [
    may(READ, "core", `${CONNECTS} secrets services/proxy`),
    may("impersonate", "core", "serviceaccounts"),
    may(WRITE, "core", `pods ${CONNECTS}`),
    may("create", "core", "pods/eviction"),
    may(
      WRITE,
      "core",
      "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
    ),
    may("create", "core", "serviceaccounts/token"),
    may(WRITE, "apps", `deployments/rollback ${APPS_WRITE}`),
    may(WRITE, "autoscaling", "horizontalpodautoscalers"),
    may(WRITE, "batch", "cronjobs jobs"),
    may(WRITE, "policy", "poddisruptionbudgets"),
    may(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    may(READ_WRITE, "coordination.k8s.io", "leases"),
    may(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
  ],
  aggregatesTo("edit"),
);

const aggregateToView = clusterRole(
  "system:aggregate-to-view",
  [
    may(
      READ,
      "core",
      "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
    ),
    may(
      READ,
      "core",
      "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
    ),
    may(READ, "core", "namespaces"),
    may(READ, "discovery.k8s.io", "endpointslices"),
    may(READ, "apps", APPS_READ),
    may(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    may(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    may(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    may(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    may(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
  ],
  aggregatesTo("view"),
);

const PUBLIC_PATHS = "/healthz /livez /readyz /version /version/";

export const userRoles: readonly ClusterRole[] = [
  clusterRole("cluster-admin", [may("*", "*", "*"), mayPath("*", "*")]),
  aggregatedRole("admin"),
  aggregatedRole("edit", aggregatesTo("admin")),
  aggregatedRole("view", aggregatesTo("edit")),
  aggregateToAdmin,
  aggregateToEdit,
  aggregateToView,
  clusterRole("system:discovery", [mayPath("get", `/api /api/* /apis /apis/* /openapi /openapi/* ${PUBLIC_PATHS}`)]),
  clusterRole("system:basic-user", [
    may("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
    may("create", "authentication.k8s.io", "selfsubjectreviews"),
  ]),
  clusterRole("system:public-info-viewer", [mayPath("get", PUBLIC_PATHS)]),
  clusterRole("system:monitoring", [
    mayPath("get", "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    mayPath("get", "/.well-known/openid-configuration /openid/v1/jwks"),
  ]),
];
