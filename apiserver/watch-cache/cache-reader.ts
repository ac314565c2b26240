import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { ResourceCache } from "./resource-cache.ts";
import { INDEXED_FIELD } from "./selection.ts";
import { everything } from "../../shared/machinery/label-selector.ts";

interface MemoizedList {
  readonly version: number;
  readonly objects: readonly KubeObject[];
}

/** Decoded reads over the caches; lists are kept until the collection changes. */
export class CacheReader implements ObjectReader {
  readonly #cacheOf: (resource: Resource<KubeObject>) => ResourceCache;
  readonly #lists = new WeakMap<ResourceCache, Map<string, MemoizedList>>();

  constructor(cacheOf: (resource: Resource<KubeObject>) => ResourceCache) {
    this.#cacheOf = cacheOf;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.#cacheOf(resource).get(namespace, name)?.object as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace = ""): readonly T[] {
    const cache = this.#cacheOf(resource);
    let lists = this.#lists.get(cache);
    if (lists === undefined) {
      lists = new Map();
      this.#lists.set(cache, lists);
    }
    const known = lists.get(namespace);
    if (known?.version === cache.version) return known.objects as readonly T[];
    if (known !== undefined) lists.clear();
    const objects = Array.from(cache.list({ namespace, labels: everything, fields: [] }).rows(), (row) => row.object);
    lists.set(namespace, { version: cache.version, objects });
    return objects as readonly KubeObject[] as readonly T[];
  }

  podsOnNode(node: string, namespace = ""): readonly Pod[] {
    const fields = [{ field: INDEXED_FIELD, operator: "=", value: node }] as const;
    const selected = this.#cacheOf(pods).list({ namespace, labels: everything, fields });
    return Array.from(selected.rows(), (row) => row.object as Pod);
  }

  onChange<T extends KubeObject>(resource: Resource<T>, callback: () => void): () => void {
    return this.#cacheOf(resource).onChange(callback);
  }
}
