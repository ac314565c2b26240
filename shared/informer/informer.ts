/**
 * A store that a reflector keeps equal to the server, and the handlers that hear of every change
 * (client-go `SharedInformer`). Handlers run one after the other, in the server's order, after the store has changed.
 *
 * Invariants:
 * I1 A handler hears add, updates, delete of one object in this order, and nothing of an object that did not change.
 * I2 When a delete was missed (the object went away while the watch was down), the next list tells it.
 * I3 A handler that throws is logged and harms nobody else.
 */
import type { ApiClient } from "../client/api-client.ts";
import type { Clock } from "../process/clock.ts";
import type { Logger } from "../process/logger.ts";
import { type KubeObject, objectKey, type Resource } from "../resources/resource.ts";
import type { Informer, InformerHandlers } from "./lister.ts";
import { Reflector, type ReflectorSink } from "./reflector.ts";
import { type IndexFunction, ObjectStore } from "./store.ts";

export interface InformerOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined;
  /** Applied to every object before it is stored, to keep only what is needed; name, UID and revision must stay. */
  readonly transform?: ((object: T) => T) | undefined;
  /** Every this often all objects are given to `onUpdate` again. Never, when left out. */
  readonly resyncMs?: number | undefined;
}

/** True when `candidate` is a state of the same object from before `known` was written (R3). */
function isOlder(candidate: KubeObject, known: KubeObject): boolean {
  if (candidate.metadata.uid !== known.metadata.uid) return false;
  const candidateRevision = candidate.metadata.resourceVersion ?? "";
  const knownRevision = known.metadata.resourceVersion ?? "";
  const isShorter = candidateRevision.length < knownRevision.length;
  return isShorter || (candidateRevision.length === knownRevision.length && candidateRevision < knownRevision);
}

class SharedInformer<T extends KubeObject> implements Informer<T>, ReflectorSink<T> {
  readonly #options: InformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #handlers = new Set<InformerHandlers<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #resourceVersion = "";

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#store = new ObjectStore(options.indexes);
  }

  get lister(): ObjectStore<T> {
    return this.#store;
  }

  addHandlers(handlers: InformerHandlers<T>): () => void {
    this.#handlers.add(handlers);
    for (const object of this.#store.list()) this.#call(() => handlers.onAdd?.(object, true));
    return () => {
      this.#handlers.delete(handlers);
    };
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  lastSyncedResourceVersion(): string {
    return this.#resourceVersion;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { resyncMs } = this.#options;
    const reflector = new Reflector<T>({ ...this.#options, sink: this });
    const resync = resyncMs === undefined ? undefined : this.#resyncEvery(resyncMs, signal);
    await reflector.run(signal);
    await resync;
  }

  replace(objects: readonly T[], resourceVersion: string): void {
    const isInitial = !this.#isSynced;
    const present = new Set<string>();
    for (const object of objects) {
      present.add(objectKey(object));
      this.#upsert(object, isInitial, false);
    }
    for (const key of [...this.#store.keys()]) {
      if (!present.has(key)) this.#drop(key);
    }
    this.reached(resourceVersion);
    if (isInitial) {
      this.#isSynced = true;
      this.#synced.resolve();
    }
  }

  put(object: T): void {
    this.#upsert(object, false, true);
  }

  remove(object: T): void {
    const known = this.#store.getByKey(objectKey(object));
    if (known === undefined || isOlder(object, known)) return;
    // What the server sent last is the last known state, for those who look at the deleted object.
    this.#store.remove(objectKey(object));
    this.#tell((handlers) => handlers.onDelete?.(object));
  }

  reached(resourceVersion: string): void {
    if (resourceVersion !== "") this.#resourceVersion = resourceVersion;
  }

  #upsert(received: T, isInInitialList: boolean, isEvent: boolean): void {
    const object = this.#options.transform?.(received) ?? received;
    const known = this.#store.getByKey(objectKey(object));
    if (known !== undefined) {
      if (
        known.metadata.uid === object.metadata.uid &&
        known.metadata.resourceVersion === object.metadata.resourceVersion
      )
        return;
      if (isEvent && isOlder(object, known)) return;
    }
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.#drop(objectKey(object));
    const previous = this.#store.put(object);
    if (previous === undefined) this.#tell((handlers) => handlers.onAdd?.(object, isInInitialList));
    else this.#tell((handlers) => handlers.onUpdate?.(object, previous));
  }

  #drop(key: string): void {
    const previous = this.#store.remove(key);
    if (previous !== undefined) this.#tell((handlers) => handlers.onDelete?.(previous));
  }

  #tell(call: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of this.#handlers) this.#call(() => call(handlers));
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (err) {
      this.#options.logger.error({ err, resource: this.#options.resource.plural }, "an informer's handler failed");
    }
  }

  async #resyncEvery(resyncMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(resyncMs, signal);
      if (signal.aborted) return;
      for (const object of this.#store.list()) this.#tell((handlers) => handlers.onUpdate?.(object, object));
    }
  }
}

/** An informer that does nothing until `run` is called. */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  return new SharedInformer(options);
}
