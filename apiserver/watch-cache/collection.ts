/**
 * The cache of one storage prefix: rows sorted by key, the last events, the watchers, and an index by node for pods.
 * Two resources may look at one collection (events); each passes its own form.
 *
 * C1  `revision` is the store's: everything up to it has been applied and offered to the watchers.
 * C2  All changes of one revision become visible together.
 */
import { INDEXED_FIELD, type Selection } from "./selection.ts";
import { type CachedRow, ObjectForm } from "./cached-row.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { collectionPrefix, compareKeys } from "../storage/keys.ts";
import { EventRing, type CacheEvent } from "./event-ring.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { SlabList, type Snapshot } from "./slab-list.ts";
import type { StorageEvent, StoredValue } from "../storage/storage.ts";
import { Subscription, type SubscriptionStart, type WatchConsumer } from "./subscription.ts";
import { WatcherIndex } from "./watcher-index.ts";
import type { CacheMetrics } from "./cache-metrics.ts";

/** A consumer that took nothing for so long is not coming back. */
const WATCH_STALL_MS_MAX = 30_000;
const NO_FIELD = -1;

export interface CollectionPast {
  /** Sorted by key. */
  readonly rows: readonly CachedRow[];
  readonly changes: readonly CacheEvent[];
}

export class Collection {
  readonly prefix: string;
  readonly groupResource: string;
  readonly #form: ObjectForm;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: CacheMetrics;
  readonly #rows = new SlabList();
  readonly #ring = new EventRing(0);
  readonly #watchers: WatcherIndex;
  readonly #indexedField: number;
  readonly #byIndexedField = new Map<string, Map<string, CachedRow>>();
  readonly #listeners = new Set<() => void>();
  readonly #touched = new Set<Subscription>();
  #version = 0;
  #lastChangeRevision = 0;

  constructor(strategy: AnyStrategy, deps: { clock: Clock; logger: Logger; metrics: CacheMetrics }) {
    this.prefix = strategy.use(collectionPrefix);
    const { group, plural } = strategy.resource;
    this.groupResource = group === "" ? plural : `${plural}.${group}`;
    this.#form = new ObjectForm(strategy);
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#metrics = deps.metrics;
    this.#indexedField = this.#form.fieldNames.indexOf(INDEXED_FIELD);
    this.#watchers = new WatcherIndex(this.#indexedField);
  }

  get size(): number {
    return this.#rows.size;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Revision of the newest event or reload; a list in between is the same list. */
  get lastChangeRevision(): number {
    return this.#lastChangeRevision;
  }

  /** Counts up with every change: for memos. */
  get version(): number {
    return this.#version;
  }

  /** Oldest revision that a watch may start from. */
  get floorRevision(): number {
    return this.#ring.floorRevision;
  }

  get(key: string): CachedRow | undefined {
    return this.#rows.get(key);
  }

  snapshot(): Snapshot {
    return this.#rows.snapshot();
  }

  /** Rows whose indexed field has that value, sorted by key. */
  rowsByIndexedField(value: string): CachedRow[] {
    const rows = this.#byIndexedField.get(value);
    return rows === undefined ? [] : [...rows.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  /** The row of a value that was read from the store itself; it is not put into the cache. */
  rowOf(item: StoredValue): CachedRow {
    return this.#form.rowOf(item);
  }

  /** Called after each batch of changes. */
  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Where a watch from that revision starts, or nothing when its history is gone. */
  sequenceAfter(revision: number): number | undefined {
    return revision < this.#ring.floorRevision ? undefined : this.#ring.sequenceAfter(revision);
  }

  get nextSequence(): number {
    return this.#ring.end;
  }

  /** What it held at a revision that is not older than the floor, and what changed since. */
  pastAt(revision: number): CollectionPast {
    const changes = [...this.#ring.eventsFrom(this.#ring.sequenceAfter(revision))];
    const before = new Map<string, CachedRow | undefined>();
    for (const { row, previous } of changes) if (!before.has(row.key)) before.set(row.key, previous);
    const rows = [...this.#rows.snapshot().rows(this.prefix)].filter((row) => !before.has(row.key));
    if (before.size === 0) return { rows, changes };
    for (const row of before.values()) if (row !== undefined) rows.push(row);
    return { rows: rows.sort((a, b) => compareKeys(a.key, b.key)), changes };
  }

  /** The subscription delivers nothing before its first `resume`. */
  subscribe(selection: Selection, consumer: WatchConsumer, start: SubscriptionStart): Subscription {
    const subscription = new Subscription(selection, consumer, this.#ring, () => this.#clock.monotonicMs(), start);
    this.#watchers.add(subscription);
    this.#metrics.watchers.set({ resource: this.groupResource }, this.#watchers.size);
    return subscription;
  }

  unsubscribe(subscription: Subscription): void {
    subscription.end();
    this.#watchers.remove(subscription);
    this.#metrics.watchers.set({ resource: this.groupResource }, this.#watchers.size);
  }

  /** Replaces everything by what the store has at `revision`; watchers cannot be carried over and are ended. */
  reload(items: readonly StoredValue[], revision: number): void {
    const rows = items.map((item) => this.#rowOf(item)).filter((row) => row !== undefined);
    this.#rows.replaceAll(rows);
    this.#byIndexedField.clear();
    for (const row of rows) this.#addToIndex(row);
    this.#ring.reset(revision);
    for (const watcher of [...this.#watchers.all()]) this.#expire(watcher);
    this.#lastChangeRevision = revision;
    this.#noteChange();
  }

  /** Applies changes of the store, in order; all of a revision at once. */
  apply(events: readonly StorageEvent[]): void {
    const changes: CacheEvent[] = [];
    for (const event of events) {
      const change = this.#applyOne(event);
      if (change !== undefined) changes.push(change);
    }
    if (changes.length === 0) return;
    this.#lastChangeRevision = changes.at(-1)?.revision ?? this.#lastChangeRevision;
    this.#noteChange();
    this.#dispatch(changes);
  }

  /** Ends watchers that take nothing any more. */
  expireStalled(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const watcher of [...this.#watchers.all()]) {
      if (watcher.blockedMs(nowMs) > WATCH_STALL_MS_MAX) this.#expire(watcher);
    }
  }

  #expire(watcher: Subscription): void {
    this.#metrics.terminatedWatchers.inc({ resource: this.groupResource });
    watcher.expire();
    this.unsubscribe(watcher);
  }

  #applyOne(event: StorageEvent): CacheEvent | undefined {
    const atMs = this.#clock.monotonicMs();
    const next = event.type === "put" ? this.#rowOf(event.item) : undefined;
    if (next !== undefined) {
      const previous = this.#rows.set(next);
      if (previous !== undefined) this.#removeFromIndex(previous);
      this.#addToIndex(next);
      const type = previous === undefined ? "ADDED" : "MODIFIED";
      return this.#ring.push({ revision: next.revision, type, row: next, previous, atMs });
    }
    const [key, revision] =
      event.type === "put" ? [event.item.key, event.item.modRevision] : [event.key, event.revision];
    const previous = this.#rows.delete(key);
    if (previous === undefined) return undefined;
    this.#removeFromIndex(previous);
    return this.#ring.push({ revision, type: "DELETED", row: previous.atRevision(revision), previous, atMs });
  }

  /** A value that cannot be read must not hide all others: it is left out. */
  #rowOf(item: StoredValue): CachedRow | undefined {
    try {
      return this.#form.rowOf(item);
    } catch (err) {
      this.#logger.error({ err, key: item.key, revision: item.modRevision }, "stored object cannot be decoded");
      return undefined;
    }
  }

  #dispatch(changes: readonly CacheEvent[]): void {
    for (const change of changes) {
      for (const watcher of this.#watchers.candidates(change)) {
        if (watcher.offer(change)) this.#touched.add(watcher);
      }
    }
    for (const watcher of this.#touched) watcher.flush();
    this.#touched.clear();
    for (const change of changes) change.frames.clear();
  }

  #noteChange(): void {
    this.#version++;
    this.#metrics.objects.set({ resource: this.groupResource }, this.#rows.size);
    for (const listener of this.#listeners) listener();
  }

  #addToIndex(row: CachedRow): void {
    if (this.#indexedField === NO_FIELD) return;
    const value = row.fields[this.#indexedField] ?? "";
    const rows = this.#byIndexedField.get(value);
    if (rows === undefined) this.#byIndexedField.set(value, new Map([[row.key, row]]));
    else rows.set(row.key, row);
  }

  #removeFromIndex(row: CachedRow): void {
    if (this.#indexedField === NO_FIELD) return;
    const value = row.fields[this.#indexedField] ?? "";
    const rows = this.#byIndexedField.get(value);
    rows?.delete(row.key);
    if (rows?.size === 0) this.#byIndexedField.delete(value);
  }
}
