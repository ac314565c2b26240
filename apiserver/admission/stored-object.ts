import type { Storage } from "../storage/storage.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";

/**
 * Consistent read around the watch cache, for when the cache does not show an object (yet). The resource's storage
 * prefix must be its plural. The object has no `resourceVersion`.
 */
export async function storedObject<T extends KubeObject>(
  storage: Storage,
  resource: Resource<T>,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  const key = `/registry/${resource.plural}/${namespace === "" ? "" : `${namespace}/`}${name}`;
  const { item } = await storage.get(key);
  return item === undefined ? undefined : (JSON.parse(item.value.toString("utf8")) as T);
}
