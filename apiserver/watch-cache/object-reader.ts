import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";

/**
 * Decoded, synchronous reads of cached objects for the apiserver's own parts (RBAC, admission, allocation,
 * service-account tokens). Objects are parsed once, shared and must not be changed; they may be a moment old.
 */
export interface ObjectReader {
  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[];
  /** Pods of a node, of one namespace only when it is given: found by the cache's index, never by looking at all pods. */
  podsOnNode(node: string, namespace?: string): readonly Pod[];
  /** Called after each change of that resource has become visible to `get` and `list`. */
  onChange<T extends KubeObject>(resource: Resource<T>, callback: () => void): () => void;
}
