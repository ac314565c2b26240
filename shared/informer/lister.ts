import type { KubeObject } from "../resources/resource.ts";

/**
 * Read side of an informer's store. Objects are shared and must not be changed; all calls are synchronous.
 */
export interface Lister<T extends KubeObject> {
  get(namespace: string | undefined, name: string): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): readonly T[];
  /** Objects whose index function gave `value`; the index must have been declared at creation. */
  byIndex(index: string, value: string): readonly T[];
}

export interface InformerHandlers<T extends KubeObject> {
  onAdd?(object: T, isInInitialList: boolean): void;
  onUpdate?(next: T, previous: T): void;
  /** `object` is the last known state. */
  onDelete?(object: T): void;
}

/** Keeps a store equal to the server by LIST and WATCH (client-go `tools/cache`: Reflector, SharedInformer). */
export interface Informer<T extends KubeObject> {
  readonly lister: Lister<T>;
  /** Handlers added after the start get the present objects as adds. Returns how to remove them. */
  addHandlers(handlers: InformerHandlers<T>): () => void;
  /** True once the first list has been stored and delivered. */
  hasSynced(): boolean;
  /** Resolves when synced, rejects when `signal` aborts before. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /** Revision of the last event or bookmark seen. */
  lastSyncedResourceVersion(): string;
  /** Runs until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
