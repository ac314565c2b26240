import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import { invariant } from "../../shared/errors/invariant.ts";
import { notFound } from "../../shared/errors/status-error.ts";
import { apiVersionOf, type Draft, type KubeObject, type Resource } from "../../shared/resources/resource.ts";
import { storageKey } from "../storage/keys.ts";
import { createObject } from "./create.ts";
import { deleteObject } from "./delete.ts";
import { type ObjectStrategy, objectStrategy } from "./object-strategy.ts";
import type {
  CreateRequest,
  DeleteResult,
  Registry,
  StoredObject,
  UpdateRequest,
  UpdateResult,
  WriteRequest,
} from "./registry.ts";
import type { AnyStrategy } from "./strategy.ts";
import { updateObject } from "./update.ts";
import { storedObject, type WriteEnvironment } from "./write-environment.ts";

/**
 * The registry over a store. The flows work on `KubeObject`; here is the one place where their results get back the
 * type that the caller's resource promises.
 */
export class ObjectRegistry implements Registry {
  readonly #environment: WriteEnvironment;
  readonly #strategies: ReadonlyMap<string, ObjectStrategy>;

  constructor(environment: WriteEnvironment, strategies: readonly AnyStrategy[]) {
    this.#environment = environment;
    this.#strategies = new Map(strategies.map((one) => [idOf(one.resource), objectStrategy(one)]));
  }

  async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<StoredObject<T>> {
    const strategy = this.#strategyOf(resource);
    const { item } = await this.#environment.storage.get(storageKey(strategy, namespace, name));
    if (item === undefined) throw notFound(resource, name);
    return storedObject(strategy, item.value, item.modRevision) as StoredObject<T>;
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    draft: Draft<T>,
    request: CreateRequest,
  ): Promise<StoredObject<T>> {
    return (await createObject(this.#environment, this.#strategyOf(resource), draft, request)) as StoredObject<T>;
  }

  async update<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
    change: (current: T | undefined, now: string) => Draft<T> | Promise<Draft<T>>,
    request: UpdateRequest,
  ): Promise<UpdateResult<T>> {
    const erased = (current: KubeObject | undefined, now: string): Draft<T> | Promise<Draft<T>> =>
      change(current as T | undefined, now);
    const strategy = this.#strategyOf(resource);
    return (await updateObject(this.#environment, strategy, namespace, name, erased, request)) as UpdateResult<T>;
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
    options: DeleteOptions,
    request: WriteRequest,
  ): Promise<DeleteResult<T>> {
    const strategy = this.#strategyOf(resource);
    return (await deleteObject(this.#environment, strategy, namespace, name, options, request)) as DeleteResult<T>;
  }

  #strategyOf(resource: Resource<KubeObject>): ObjectStrategy {
    const strategy = this.#strategies.get(idOf(resource));
    invariant(strategy !== undefined, `no strategy serves ${idOf(resource)}`);
    return strategy;
  }
}

function idOf(resource: Resource<KubeObject>): string {
  return `${apiVersionOf(resource)}/${resource.plural}`;
}
