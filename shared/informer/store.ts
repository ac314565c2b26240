/**
 * The objects an informer knows, by key and by declared indexes (client-go `ThreadSafeStore`).
 *
 * Invariants:
 * S1 Every index holds exactly the objects of the store, each under the values its function gave when it was put in.
 * S2 The objects are shared with every reader: nobody changes them.
 */
import type { KubeObject } from "../resources/resource.ts";
import { objectKey } from "../resources/resource.ts";
import type { Lister } from "./lister.ts";

/** Values under which an object is found; none to leave it out of the index. */
export type IndexFunction<T> = (object: T) => readonly string[];

const NAMESPACE_INDEX = "namespace";

export class ObjectStore<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #functions: ReadonlyMap<string, IndexFunction<T>>;
  readonly #indexes: ReadonlyMap<string, Map<string, Map<string, T>>>;

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    const namespaceOf: IndexFunction<T> = (object) => [object.metadata.namespace ?? ""];
    this.#functions = new Map([...Object.entries(indexes), [NAMESPACE_INDEX, namespaceOf] as const]);
    this.#indexes = new Map([...this.#functions.keys()].map((name) => [name, new Map()]));
  }

  get size(): number {
    return this.#objects.size;
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(namespace === undefined || namespace === "" ? name : `${namespace}/${name}`);
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(NAMESPACE_INDEX, namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    const byValue = this.#indexes.get(index);
    if (byValue === undefined) throw new Error(`index "${index}" was not declared`);
    const found = byValue.get(value);
    return found === undefined ? [] : [...found.values()];
  }

  /** Stores the object; returns the one that was there. */
  put(object: T): T | undefined {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined) this.#unindex(key, previous);
    this.#objects.set(key, object);
    for (const [name, valuesOf] of this.#functions) {
      for (const value of valuesOf(object)) this.#bucket(name, value).set(key, object);
    }
    return previous;
  }

  /** Removes the object; returns it when it was there. */
  remove(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#unindex(key, previous);
    this.#objects.delete(key);
    return previous;
  }

  #bucket(index: string, value: string): Map<string, T> {
    const byValue = this.#indexes.get(index) ?? new Map<string, Map<string, T>>();
    const present = byValue.get(value);
    if (present !== undefined) return present;
    const bucket = new Map<string, T>();
    byValue.set(value, bucket);
    return bucket;
  }

  #unindex(key: string, object: T): void {
    for (const [name, valuesOf] of this.#functions) {
      const byValue = this.#indexes.get(name);
      for (const value of valuesOf(object)) {
        const bucket = byValue?.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) byValue?.delete(value);
      }
    }
  }
}
