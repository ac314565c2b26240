/** What a node may write into its own Node object: nothing that would steer work of others to it. */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { mayKubeletSet } from "../../../shared/machinery/kubelet-labels.ts";
import type { AdmissionRequest } from "../admission.ts";

function forbiddenLabels(next: Node, before: Node | undefined): string {
  const [now, then] = [next.metadata.labels ?? {}, before?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(then)])]
    .filter((key) => now[key] !== then[key] && !mayKubeletSet(key))
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
