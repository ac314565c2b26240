/** Secrets that a pod brings for pulls. Upstream: `kubelet_pods.go` getPullSecretsForPod. */
import type { Pod, Secret } from "../../shared/api/generated/core/v1.ts";
import type { ReferencedObjects } from "../containers/environment.ts";

/** Those that exist; the others are told, and the pull is tried without them. */
export async function pullSecrets(
  pod: Pod,
  objects: Pick<ReferencedObjects, "secret">,
  onMissing: (message: string) => void,
): Promise<readonly Secret[]> {
  const names = (pod.spec.imagePullSecrets ?? []).map(({ name = "" }) => name).filter((name) => name !== "");
  const read = await Promise.all(names.map((name) => readSecret(pod, name, objects)));
  const missing = names.filter((_, index) => read[index] === undefined);
  if (missing.length > 0) {
    onMissing(
      `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`,
    );
  }
  return read.filter((secret) => secret !== undefined);
}

async function readSecret(
  pod: Pod,
  name: string,
  objects: Pick<ReferencedObjects, "secret">,
): Promise<Secret | undefined> {
  try {
    return await objects.secret(pod.metadata.namespace ?? "", name);
  } catch {
    // The API may not answer or not allow it: as good as missing.
    return undefined;
  }
}
