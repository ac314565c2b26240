import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../../apiserver/watch-cache/object-reader.ts";
import { groupResourceOf, type KubeObject, objectKey, type Resource } from "../../shared/resources/resource.ts";

/** An `ObjectReader` over objects that the test puts there; changes show at once. */
export class StaticReader implements ObjectReader {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #callbacks = new Map<string, (() => void)[]>();

  put<T extends KubeObject>(resource: Resource<T>, ...objects: T[]): this {
    for (const object of objects) this.#tableOf(resource).set(objectKey(object), object);
    this.#notify(resource);
    return this;
  }

  remove<T extends KubeObject>(resource: Resource<T>, object: T): this {
    this.#tableOf(resource).delete(objectKey(object));
    this.#notify(resource);
    return this;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    const key = namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
    return this.#tableOf(resource).get(key) as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[] {
    const all = [...this.#tableOf(resource).values()] as T[];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  podsOnNode(node: string, namespace?: string): readonly Pod[] {
    return this.list(pods, namespace).filter((pod) => pod.spec.nodeName === node);
  }

  onChange<T extends KubeObject>(resource: Resource<T>, callback: () => void): () => void {
    const key = groupResourceOf(resource);
    const callbacks = [...(this.#callbacks.get(key) ?? []), callback];
    this.#callbacks.set(key, callbacks);
    return () =>
      this.#callbacks.set(
        key,
        (this.#callbacks.get(key) ?? []).filter((known) => known !== callback),
      );
  }

  #tableOf(resource: Resource<KubeObject>): Map<string, KubeObject> {
    const key = groupResourceOf(resource);
    const table = this.#objects.get(key) ?? new Map<string, KubeObject>();
    this.#objects.set(key, table);
    return table;
  }

  #notify(resource: Resource<KubeObject>): void {
    for (const callback of this.#callbacks.get(groupResourceOf(resource)) ?? []) callback();
  }
}
