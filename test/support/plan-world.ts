/**
 * A world for pure plans: stores that plans read, and `apply`, which does to them what the API would do. No server,
 * no clock: a property test can run thousands of rounds in it.
 */
import type { AnyAction } from "../../controller-manager/runtime/plan.ts";
import { BY_CONTROLLER, BY_NODE, BY_SERVICE, ORPHANS } from "../../controller-manager/runtime/shared-informers.ts";
import { ObjectStore } from "../../shared/informer/store.ts";
import { clone } from "../../shared/machinery/clone.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { controllerOf } from "../../shared/machinery/ownership.ts";
import { type KubeObject, objectKey } from "../../shared/resources/resource.ts";

const INDEXES = {
  [BY_CONTROLLER]: (object: KubeObject) => {
    const controller = controllerOf(object);
    return controller === undefined ? [] : [controller.uid];
  },
  [ORPHANS]: (object: KubeObject) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ""] : []),
  [BY_NODE]: () => [],
  [BY_SERVICE]: (object: KubeObject) => [
    `${object.metadata.namespace ?? ""}/${object.metadata.labels?.["kubernetes.io/service-name"] ?? ""}`,
  ],
};

export const START_MS = Date.parse("2026-01-01T00:00:00Z");

export class PlanWorld {
  readonly #stores = new Map<string, ObjectStore<KubeObject>>();
  #revision = 0;
  nowMs = START_MS;

  store<T extends KubeObject>(name: string): ObjectStore<T> {
    const present = this.#stores.get(name) ?? new ObjectStore<KubeObject>(INDEXES);
    this.#stores.set(name, present);
    return present as unknown as ObjectStore<T>;
  }

  /** Stores a new object as the API would, and gives it back. */
  create<T extends KubeObject>(name: string, draft: object): T {
    const object = clone(draft) as T;
    this.#revision += 1;
    const { metadata } = object;
    metadata.name ??= `${metadata.generateName}${this.#revision}`;
    metadata.namespace ??= "default";
    metadata.uid ??= `uid-${this.#revision}`;
    metadata.generation ??= 1;
    metadata.resourceVersion = String(this.#revision);
    metadata.creationTimestamp ??= new Date(this.nowMs).toISOString().replace(".000", "");
    this.store<T>(name).put(object);
    return object;
  }

  /** Replaces an object; a new generation when its spec has changed. */
  update<T extends KubeObject>(name: string, next: T): T {
    const store = this.store<T>(name);
    const before = store.getByKey(objectKey(next)) as (T & { spec?: unknown }) | undefined;
    this.#revision += 1;
    const isNewSpec = !deepEqual(before?.spec, (next as { spec?: unknown }).spec);
    const generation = (before?.metadata.generation ?? 1) + (isNewSpec ? 1 : 0);
    const object = {
      ...clone(next),
      metadata: { ...clone(next.metadata), generation, resourceVersion: String(this.#revision) },
    };
    store.put(object);
    return object;
  }

  remove(name: string, object: KubeObject): void {
    this.store(name).remove(objectKey(object));
  }

  /** Carries out actions that name stores of this world. */
  apply(actions: readonly unknown[]): void {
    for (const action of actions as readonly AnyAction[]) this.#applyOne(action);
  }

  #applyOne(action: AnyAction): void {
    switch (action.verb) {
      case "create":
        return void this.create(action.resource, action.object);
      case "update":
      case "updateStatus":
        return void this.update(action.resource, action.object);
      case "delete":
        return this.remove(action.resource, action.target);
      case "patch": {
        const present = this.store(action.resource).getByKey(objectKey(action.target)) ?? action.target;
        return void this.update(action.resource, patched(present, action.patch));
      }
      default:
        return action satisfies never;
    }
  }
}

/** As much of a patch as the plans use: annotations, and owners that come or go. */
function patched(object: KubeObject, patch: unknown): KubeObject {
  const { metadata = {} } = patch as {
    metadata?: { annotations?: Record<string, string>; ownerReferences?: object[] };
  };
  const next = clone(object);
  next.metadata.annotations = { ...next.metadata.annotations, ...metadata.annotations };
  for (const reference of metadata.ownerReferences ?? []) {
    const owners = (next.metadata.ownerReferences ?? []).filter(
      ({ uid }) => uid !== (reference as { uid: string }).uid,
    );
    next.metadata.ownerReferences = "$patch" in reference ? owners : [...owners, reference as (typeof owners)[0]];
  }
  return next;
}
