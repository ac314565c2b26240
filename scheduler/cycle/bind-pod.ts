import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isConflict, isNotFound } from "../../shared/errors/status-error.ts";
import { pods } from "../../shared/resources/catalog.ts";

export type BindResult =
  | { readonly kind: "bound" }
  /** The pod is gone. */
  | { readonly kind: "gone" }
  /** Another scheduler was faster, or the pod changed in a way that does not allow it. */
  | { readonly kind: "conflict"; readonly message: string };

/** Tells the API where the pod runs. The uid makes sure that it is this pod and no later one of its name. */
export async function bindPod(client: ApiClient, pod: Pod, nodeName: string): Promise<BindResult> {
  const { name, namespace, uid } = pod.metadata;
  const binding = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace, uid },
    target: { kind: "Node", name: nodeName },
  };
  try {
    await client.writeSubresource(pods, { namespace, name }, "binding", "POST", binding);
    return { kind: "bound" };
  } catch (err) {
    if (isNotFound(err)) return { kind: "gone" };
    if (isConflict(err)) return { kind: "conflict", message: err.message };
    throw err;
  }
}
