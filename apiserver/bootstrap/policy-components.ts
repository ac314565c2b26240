/** Roles of the control plane's components, of nodes and of add-ons. */
import type { ClusterRole, PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import { clusterRole, delegateAuth, leadBy, may, READ, recordEvents } from "./policy-rules.ts";

const schedulerRules: readonly PolicyRule[] = [
  recordEvents,
  ...leadBy("kube-scheduler"),
  may(READ, "core", "nodes"),
  may(`delete ${READ}`, "core", "pods"),
  may("create", "core", "bindings pods/binding"),
  may("patch update", "core", "pods/status"),
  may(READ, "core", "replicationcontrollers services"),
  may(READ, "apps", "replicasets"),
  may(READ, "apps", "statefulsets"),
  may(READ, "policy", "poddisruptionbudgets"),
  may(READ, "core", "persistentvolumeclaims persistentvolumes"),
  ...delegateAuth,
  may(READ, "storage.k8s.io", "csinodes"),
  may(READ, "core", "namespaces"),
  may(READ, "storage.k8s.io", "csidrivers"),
  may(READ, "storage.k8s.io", "csistoragecapacities"),
  may(READ, "scheduling.k8s.io", "priorityclasses"),
  may(READ, "resource.k8s.io", "deviceclasses resourceclaims resourceslices"),
];

const OWN = "create delete get patch update";

/** What all nodes may do; which objects of their own beside that is up to the Node authorizer. */
export const nodeRules: readonly PolicyRule[] = [
  may("create", "authentication.k8s.io", "tokenreviews"),
  may("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
  may(READ, "core", "services"),
  may(`create ${READ}`, "core", "nodes"),
  may("patch update", "core", "nodes/status"),
  may("patch update", "core", "nodes"),
  may("create patch update", "core events.k8s.io", "events"),
  may(READ, "core", "pods"),
  may("create delete", "core", "pods"),
  may("patch update", "core", "pods/status"),
  may("create", "core", "pods/eviction"),
  may(READ, "core", "configmaps secrets"),
  may("get", "core", "persistentvolumeclaims persistentvolumes"),
  may("get", "core", "endpoints"),
  may(`create ${READ}`, "certificates.k8s.io", "certificatesigningrequests"),
  may("create delete get patch update", "coordination.k8s.io", "leases"),
  may("get", "storage.k8s.io", "volumeattachments"),
  may("create", "core", "serviceaccounts/token"),
  may("get", "core", "serviceaccounts"),
  may("get patch update", "core", "persistentvolumeclaims/status"),
  may(READ, "storage.k8s.io", "csidrivers"),
  may("create delete get patch update", "storage.k8s.io", "csinodes"),
  may(READ, "node.k8s.io", "runtimeclasses"),
  may("get", "resource.k8s.io", "resourceclaims"),
  may(`deletecollection ${OWN} list watch`, "resource.k8s.io", "resourceslices"),
];

const controllerManagerRules: readonly PolicyRule[] = [
  recordEvents,
  ...leadBy("kube-controller-manager"),
  may("create", "core", "secrets serviceaccounts"),
  may("delete", "core", "secrets"),
  may("get", "core", "configmaps namespaces secrets serviceaccounts"),
  may("update", "core", "secrets serviceaccounts"),
  ...delegateAuth,
  may("list watch", "*", "*"),
  may("create", "core", "serviceaccounts/token"),
];

const approver = (name: string, signer: string): ClusterRole =>
  clusterRole(`system:certificates.k8s.io:${name}`, [may("approve", "certificates.k8s.io", "signers", [signer])]);

/** `controllerRules` are those of all controllers together: they run as one user. */
export function componentRoles(controllerRules: readonly PolicyRule[]): ClusterRole[] {
  return [
    clusterRole("system:kube-scheduler", schedulerRules),
    clusterRole("system:kube-controller-manager", [...controllerManagerRules, ...controllerRules]),
    clusterRole("system:node", nodeRules),
    clusterRole("system:node-proxier", [
      may("list watch", "core", "endpoints services"),
      may(READ, "core", "nodes"),
      recordEvents,
      may("list watch", "discovery.k8s.io", "endpointslices"),
      may("list watch", "networking.k8s.io", "servicecidrs"),
    ]),
    clusterRole("system:node-bootstrapper", [
      may(`create ${READ}`, "certificates.k8s.io", "certificatesigningrequests"),
    ]),
    clusterRole("system:node-problem-detector", [
      may("get", "core", "nodes"),
      may("patch", "core", "nodes/status"),
      recordEvents,
    ]),
    clusterRole("system:auth-delegator", delegateAuth),
    clusterRole("system:kubelet-api-admin", [
      may(READ, "core", "nodes"),
      may("proxy", "core", "nodes"),
      may("*", "core", "nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats"),
    ]),
    clusterRole("system:kube-aggregator", [may(READ, "core", "endpoints services")]),
    clusterRole("system:kube-dns", [may("list watch", "core", "endpoints services")]),
    clusterRole("system:volume-scheduler", [
      may(`patch update ${READ}`, "core", "persistentvolumes"),
      may(READ, "storage.k8s.io", "storageclasses"),
      may(`patch update ${READ}`, "core", "persistentvolumeclaims"),
    ]),
    clusterRole("system:persistent-volume-provisioner", [
      may(`create delete ${READ}`, "core", "persistentvolumes"),
      may(`update ${READ}`, "core", "persistentvolumeclaims"),
      may(READ, "storage.k8s.io", "storageclasses"),
      may("watch", "core", "events"),
      recordEvents,
    ]),
    clusterRole("system:certificates.k8s.io:certificatesigningrequests:nodeclient", [
      may("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"),
    ]),
    clusterRole("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", [
      may("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"),
    ]),
    approver("kube-apiserver-client-approver", "kubernetes.io/kube-apiserver-client"),
    approver("kube-apiserver-client-kubelet-approver", "kubernetes.io/kube-apiserver-client-kubelet"),
    approver("kubelet-serving-approver", "kubernetes.io/kubelet-serving"),
    approver("legacy-unknown-approver", "kubernetes.io/legacy-unknown"),
  ];
}
