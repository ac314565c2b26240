/**
 * All collections, fed by one watch on everything that is ours in the store (upstream has a watch per resource:
 * `cacher.go`). So all caches share one revision, and a new resource costs the store nothing.
 *
 *     loading ──▶ watching ──compacted──▶ loading (watchers are ended with 410)
 */
import { invariant } from "../../shared/errors/invariant.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { groupResourceOf, type KubeObject, type Resource } from "../../shared/resources/resource.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { REGISTRY_ROOT } from "../storage/keys.ts";
import { CompactedError, type Storage, type StorageEvent, type StoredValue } from "../storage/storage.ts";
import { type CacheMetrics, noCacheMetrics } from "./cache-metrics.ts";
import { CacheReader } from "./cache-reader.ts";
import { type CacheContents, type CacheSource, storeSource } from "./cache-source.ts";
import type { CachedRow } from "./cached-row.ts";
import { Collection } from "./collection.ts";
import type { CacheEvent } from "./event-ring.ts";
import { Freshness } from "./freshness.ts";
import type { ObjectReader } from "./object-reader.ts";
import { revisionOf } from "./recent-history.ts";
import { ResourceCache } from "./resource-cache.ts";

export interface WatchCachesOptions {
  readonly storage: Storage;
  readonly strategies: readonly AnyStrategy[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: CacheMetrics;
  /** The store itself when left out. */
  readonly source?: CacheSource;
}

export interface WatchCaches {
  readonly reader: ObjectReader;
  /** Everything up to here is in all caches. */
  readonly revision: number;
  readonly isReady: boolean;
  /** Resolves when the first load is complete; goes on until the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** A resource of the strategies; any other is a programmer's error. */
  cacheOf(resource: Resource<KubeObject>): ResourceCache;
  /** 504 when the revision does not come. */
  waitForRevision(revision: number): Promise<void>;
  /** Everything that the caches hold now, in wire form, with the history that all of them have. */
  contents(): CacheContents;
}

const LOAD_RETRY_MS = 500;
const STALL_CHECK_MS = 5000;

export function createWatchCaches(options: WatchCachesOptions): WatchCaches {
  return new StorageBackedCaches(options);
}

class StorageBackedCaches implements WatchCaches {
  readonly reader: ObjectReader;
  readonly #options: WatchCachesOptions;
  readonly #source: CacheSource;
  readonly #freshness: Freshness;
  readonly #collections = new Map<string, Collection>();
  readonly #resources = new Map<string, ResourceCache>();
  #isReady = false;

  constructor(options: WatchCachesOptions) {
    this.#options = options;
    this.#source = options.source ?? storeSource(options.storage, options.clock);
    this.#freshness = new Freshness(options.storage, options.clock);
    this.reader = new CacheReader((resource) => this.cacheOf(resource));
    // Where two resources share a prefix, the one whose form is stored owns the collection.
    const isConverted = (strategy: AnyStrategy): boolean => strategy.use((typed) => typed.conversion !== undefined);
    for (const strategy of options.strategies.toSorted((a, b) => Number(isConverted(a)) - Number(isConverted(b)))) {
      this.#add(strategy);
    }
  }

  get revision(): number {
    return this.#freshness.revision;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  cacheOf(resource: Resource<KubeObject>): ResourceCache {
    const cache = this.#resources.get(identityOf(resource));
    invariant(cache !== undefined, `no cache for ${groupResourceOf(resource)}`);
    return cache;
  }

  waitForRevision(revision: number): Promise<void> {
    return this.#freshness.waitFor(revision);
  }

  contents(): CacheContents {
    const collections = [...this.#collections.values()];
    const revision = Math.max(...collections.map((one) => one.floorRevision));
    const pasts = collections.map((one) => one.pastAt(revision));
    const changes = pasts.flatMap((past) => past.changes).sort((a, b) => a.revision - b.revision);
    return {
      items: pasts.flatMap((past) => past.rows.map(storedValue)),
      revision,
      changes: changes.map(storageEvent),
      reached: this.revision,
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const checkStalls = (): void => {
      if (signal.aborted) return;
      for (const collection of this.#collections.values()) collection.expireStalled();
      clock.after(STALL_CHECK_MS, checkStalls);
    };
    clock.after(STALL_CHECK_MS, checkStalls);
    await this.#loadAndWatch(signal);
  }

  #add(strategy: AnyStrategy): void {
    const { clock, logger, metrics = noCacheMetrics } = this.#options;
    const collection = new Collection(strategy, { clock, logger, metrics });
    const shared = this.#collections.get(collection.prefix) ?? collection;
    this.#collections.set(shared.prefix, shared);
    this.#resources.set(identityOf(strategy.resource), new ResourceCache(strategy, shared, this.#freshness));
  }

  /** Retries until it worked: an apiserver without its store can only wait for it. */
  async #loadAndWatch(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        const reached = await this.#load();
        if (!signal.aborted) this.#watch(reached, signal);
        return;
      } catch (err) {
        logger.warn({ err }, "cannot load the watch cache, trying again");
        await clock.sleep(LOAD_RETRY_MS, signal);
      }
    }
  }

  /** Reads everything at one revision, then what happened after it. */
  async #load(): Promise<number> {
    const { items, revision, changes, reached } = await this.#source.load();
    const groups = Map.groupBy(items, (item) => this.#collectionOf(item.key));
    for (const collection of this.#collections.values()) collection.reload(groups.get(collection) ?? [], revision);
    this.#applyToCollections(changes);
    (this.#options.metrics ?? noCacheMetrics).initializations.inc({});
    this.#isReady = true;
    this.#freshness.advance(reached);
    return reached;
  }

  #watch(revision: number, signal: AbortSignal): void {
    const { logger } = this.#options;
    const broken = new AbortController();
    const watch = this.#source.watch(revision, {
      events: (events) => {
        if (!broken.signal.aborted) this.#apply(events);
      },
      progress: (reached) => this.#freshness.advance(reached),
      compacted: (compactRevision) => {
        logger.warn({ err: new CompactedError(compactRevision) }, "the store's history is gone, loading again");
        this.#freshness.attach(undefined);
        broken.abort();
        void this.#loadAndWatch(signal);
      },
    });
    this.#freshness.attach(watch);
    const close = (): void => void watch.close();
    const over = AbortSignal.any([signal, broken.signal]);
    if (over.aborted) close();
    else over.addEventListener("abort", close, { once: true });
  }

  #apply(events: readonly StorageEvent[]): void {
    this.#applyToCollections(events);
    const last = events.at(-1);
    if (last !== undefined) this.#freshness.advance(revisionOf(last));
  }

  #applyToCollections(events: readonly StorageEvent[]): void {
    const { metrics = noCacheMetrics } = this.#options;
    for (const [collection, changes] of Map.groupBy(events, (event) => this.#collectionOf(keyOf(event)))) {
      if (collection === undefined) continue;
      metrics.eventsReceived.inc({ resource: collection.groupResource }, changes.length);
      collection.apply(changes);
    }
  }

  /** `/registry/pods/…`, or `/registry/services/specs/…`. */
  #collectionOf(key: string): Collection | undefined {
    let end = key.indexOf("/", REGISTRY_ROOT.length);
    while (end > 0) {
      const collection = this.#collections.get(key.slice(0, end + 1));
      if (collection !== undefined) return collection;
      end = key.indexOf("/", end + 1);
    }
    return undefined;
  }
}

function storedValue({ key, revision, bytes }: CachedRow): StoredValue {
  return { key, value: bytes, modRevision: revision, createRevision: 0 };
}

function storageEvent({ type, row, revision }: CacheEvent): StorageEvent {
  return type === "DELETED" ? { type: "delete", key: row.key, revision } : { type: "put", item: storedValue(row) };
}

function keyOf(event: StorageEvent): string {
  return event.type === "put" ? event.item.key : event.key;
}

function identityOf({ group, version, plural }: Resource<KubeObject>): string {
  return `${group}/${version}/${plural}`;
}
