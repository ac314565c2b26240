/** What a node may write into its own Node object: nothing that would steer work of others to it. */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { AdmissionRequest } from "../admission.ts";

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

function isForbiddenLabel(key: string): boolean {
  const at = key.indexOf("/");
  const domain = at < 0 ? "" : key.slice(0, at);
  if (isIn(domain, RESTRICTED_DOMAIN)) return true;
  const isOfKubelet = KUBELET_LABELS.has(key) || KUBELET_DOMAINS.some((parent) => isIn(domain, parent));
  return KUBERNETES_DOMAINS.some((parent) => isIn(domain, parent)) && !isOfKubelet;
}

function forbiddenLabels(next: Node, before: Node | undefined): string {
  const [now, then] = [next.metadata.labels ?? {}, before?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(then)])]
    .filter((key) => now[key] !== then[key] && isForbiddenLabel(key))
    .toSorted()
    .join(", ");
}

function updateProblem(next: Node, before: Node, node: string): string | undefined {
  const source = next.spec?.configSource;
  if (source !== undefined && !deepEqual(source, before.spec?.configSource)) {
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`;
  }
  if (!deepEqual(next.spec?.taints ?? [], before.spec?.taints ?? [])) {
    return `node "${node}" is not allowed to modify taints`;
  }
  if (!deepEqual(next.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    return `node "${node}" is not allowed to modify ownerReferences`;
  }
  const labels = forbiddenLabels(next, before);
  return labels === "" ? undefined : `is not allowed to modify labels: ${labels}`;
}

/** Why the node may not do that to a Node; nothing when it may. */
export function nodeProblem(request: AdmissionRequest, node: string): string | undefined {
  const { operation, name, object, oldObject } = request;
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  if (operation === "UPDATE") return updateProblem(object as Node, oldObject as Node, node);
  if (operation !== "CREATE") return undefined;
  if ((object as Node).spec?.configSource !== undefined) {
    return `node "${node}" is not allowed to create pods with a non-nil configSource`;
  }
  const labels = forbiddenLabels(object as Node, undefined);
  return labels === "" ? undefined : `node "${node}" is not allowed to set the following labels: ${labels}`;
}
