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

export function apiObjects(client: ApiClient): ReferencedObjects {
  return {
    configMap: (namespace, name) => orUndefined(client.get(configMaps, { namespace, name })),
    secret: (namespace, name) => orUndefined(client.get(secrets, { namespace, name })),
  };
}
