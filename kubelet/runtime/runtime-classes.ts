/** Which handler of the runtime a pod's class means. Upstream: `pkg/kubelet/runtimeclass/runtimeclass_manager.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { runtimeClasses } from "../../shared/resources/catalog.ts";

/** Empty for pods without a class, which get the runtime's default. Rejects when the class does not exist. */
export async function runtimeHandlerOf(client: ApiClient, pod: Pod): Promise<string> {
  const { runtimeClassName = "" } = pod.spec;
  if (runtimeClassName === "") return "";
  try {
    return (await client.get(runtimeClasses, { name: runtimeClassName })).handler;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error(`runtimeclass.node.k8s.io "${runtimeClassName}" not found`, { cause: error });
  }
}
