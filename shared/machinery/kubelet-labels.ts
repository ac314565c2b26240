/** Labels of Kubernetes that kubelets set (upstream: `staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go`). */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);
const KUBELET_DOMAINS = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const KUBERNETES_DOMAINS = ["kubernetes.io", "k8s.io"];
const RESTRICTED_DOMAIN = "node-restriction.kubernetes.io";

const isIn = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

/** Whether a node may give itself a label with that key: its own ones, and those outside Kubernetes' domains. */
export function mayKubeletSet(key: string): boolean {
  const at = key.indexOf("/");
  const domain = at < 0 ? "" : key.slice(0, at);
  if (isIn(domain, RESTRICTED_DOMAIN)) return false;
  const isOfKubelet = KUBELET_LABELS.has(key) || KUBELET_DOMAINS.some((parent) => isIn(domain, parent));
  return isOfKubelet || !KUBERNETES_DOMAINS.some((parent) => isIn(domain, parent));
}
