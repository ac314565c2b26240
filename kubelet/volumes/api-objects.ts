/** ConfigMaps and Secrets that pods refer to, read when they are needed. Upstream: `pkg/kubelet/util/manager`. */
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { configMaps, secrets } from "../../shared/resources/catalog.ts";
import type { ReferencedObjects } from "../containers/environment.ts";

async function orUndefined<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Who asks while the same is being asked gets the same answer: pods mount one ConfigMap many times at once. */
function together<T>(read: (namespace: string, name: string) => Promise<T>): typeof read {
  const underWay = new Map<string, Promise<T>>();
  return (namespace, name) => {
    const key = `${namespace}/${name}`;
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const asked = read(namespace, name).finally(() => underWay.delete(key));
    underWay.set(key, asked);
    return asked;
  };
}

export function apiObjects(client: ApiClient): ReferencedObjects {
  return {
    configMap: together((namespace, name) => orUndefined(client.get(configMaps, { namespace, name }))),
    secret: together((namespace, name) => orUndefined(client.get(secrets, { namespace, name }))),
  };
}
