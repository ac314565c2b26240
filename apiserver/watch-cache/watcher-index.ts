/**
 * Finds the watchers that an event may concern: each stands in one bucket, the narrowest that its selection allows,
 * so an event of one pod is not offered to the kubelets of all other nodes.
 */
import type { CachedRow } from "./cached-row.ts";
import type { CacheEvent } from "./event-ring.ts";
import type { Selection } from "./selection.ts";
import type { Subscription } from "./subscription.ts";

const EVERYTHING = "*";

export class WatcherIndex {
  readonly #buckets = new Map<string, Set<Subscription>>();
  readonly #indexedField: number;
  #size = 0;

  /** `indexedField`: where in a row's fields the indexed one is, or -1. */
  constructor(indexedField: number) {
    this.#indexedField = indexedField;
  }

  get size(): number {
    return this.#size;
  }

  add(subscription: Subscription): void {
    const name = bucketOf(subscription.selection);
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) this.#buckets.set(name, new Set([subscription]));
    else bucket.add(subscription);
    this.#size++;
  }

  remove(subscription: Subscription): void {
    const name = bucketOf(subscription.selection);
    const bucket = this.#buckets.get(name);
    if (bucket?.delete(subscription) !== true) return;
    this.#size--;
    if (bucket.size === 0) this.#buckets.delete(name);
  }

  *all(): Generator<Subscription> {
    for (const bucket of this.#buckets.values()) yield* bucket;
  }

  *candidates(event: CacheEvent): Generator<Subscription> {
    const { row, previous } = event;
    yield* this.#bucket(EVERYTHING);
    yield* this.#bucket(`namespace ${row.namespace}`);
    yield* this.#bucket(`name ${row.namespace}/${row.name}`);
    yield* this.#bucket(`name /${row.name}`, row.namespace !== "");
    if (this.#indexedField < 0) return;
    const value = this.#valueOf(row);
    const before = previous === undefined ? value : this.#valueOf(previous);
    yield* this.#bucket(`indexed ${value}`);
    yield* this.#bucket(`indexed ${before}`, before !== value);
  }

  #valueOf(row: CachedRow): string {
    return row.fields[this.#indexedField] ?? "";
  }

  #bucket(name: string, isWanted = true): Iterable<Subscription> {
    return (isWanted ? this.#buckets.get(name) : undefined) ?? [];
  }
}

function bucketOf(selection: Selection): string {
  if (selection.exactName !== undefined) return `name ${selection.namespace}/${selection.exactName}`;
  if (selection.indexedValue !== undefined) return `indexed ${selection.indexedValue}`;
  return selection.namespace === "" ? EVERYTHING : `namespace ${selection.namespace}`;
}
