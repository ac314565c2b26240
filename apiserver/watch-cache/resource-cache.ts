/** One resource's view of its collection: what the read handlers and the apiserver's own parts use. */
import type { FieldRequirement } from "../../shared/machinery/field-selector.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { Selector } from "../../shared/machinery/label-selector.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { type CachedRow, ObjectForm } from "./cached-row.ts";
import type { Collection } from "./collection.ts";
import { type Freshness, tooOld } from "./freshness.ts";
import { compareKeys, listPrefix, storageKey } from "../storage/keys.ts";
import { Selection } from "./selection.ts";
import type { SlabPart, Snapshot } from "./slab-list.ts";
import type { StoredValue } from "../storage/storage.ts";
import type { Subscription, WatchConsumer } from "./subscription.ts";

export interface ListRequest {
  readonly namespace: string;
  readonly labels: Selector;
  readonly fields: readonly FieldRequirement[];
}

/** Everything of a resource at one revision; stays as it is while the cache goes on. */
export interface ListView {
  readonly revision: number;
  readonly prefix: string;
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  /** Whether rows can be written as they are, slab by slab: nothing is filtered or converted. */
  readonly isPlain: boolean;
  rows(after?: string): Iterable<CachedRow>;
}

export type WatchStart =
  /** Present objects first. */
  | { readonly from: "state" }
  /** Only what comes after now. */
  | { readonly from: "now" }
  | { readonly from: "revision"; readonly revision: number };

export class ResourceCache {
  readonly resource: Resource<KubeObject>;
  readonly strategy: AnyStrategy;
  readonly #form: ObjectForm;
  readonly #collection: Collection;
  readonly #freshness: Freshness;

  constructor(strategy: AnyStrategy, collection: Collection, freshness: Freshness) {
    this.resource = strategy.resource;
    this.strategy = strategy;
    this.#form = new ObjectForm(strategy);
    this.#collection = collection;
    this.#freshness = freshness;
  }

  get revision(): number {
    return this.#freshness.revision;
  }

  /** Number of objects. */
  get size(): number {
    return this.#collection.size;
  }

  /** Counts up with every change. */
  get version(): number {
    return this.#collection.version;
  }

  /** Waits for everything that was written before this call; returns the cache's revision. */
  latest(): Promise<number> {
    return this.#freshness.latest();
  }

  waitFor(revision: number): Promise<void> {
    return this.#freshness.waitFor(revision);
  }

  /** The object as the cache has it now. */
  get(namespace: string | undefined, name: string): CachedRow | undefined {
    const key = this.strategy.use((strategy) => storageKey(strategy, namespace, name));
    const row = this.#collection.get(key);
    return row === undefined ? undefined : this.#form.view(row);
  }

  /** The row of a value that was read from the store itself. */
  rowOf(item: StoredValue): CachedRow {
    return this.#form.view(this.#collection.rowOf(item));
  }

  /** Throws 400 for a field that the resource does not select by. */
  selection(request: ListRequest): Selection {
    // The URL of one namespace names it twice; a cluster-scoped object is in none.
    const namespace = this.resource.scope === "Cluster" ? "" : request.namespace;
    return new Selection(this.#form, { ...request, namespace });
  }

  /** Everything as the cache has it now. */
  list(request: ListRequest): ListView {
    const selection = this.selection(request);
    const { indexedValue } = selection;
    const isIndexed = indexedValue !== undefined && this.#form.isStoredForm;
    const indexed = isIndexed ? this.#collection.rowsByIndexedField(indexedValue) : undefined;
    return this.#view(request, selection, this.#collection.snapshot(), this.revision, indexed);
  }

  /** Everything as it was when that snapshot was taken. */
  listAt(request: ListRequest, snapshot: Snapshot, revision: number): ListView {
    return this.#view(request, this.selection(request), snapshot, revision, undefined);
  }

  prefixOf(namespace: string): string {
    return this.strategy.use((strategy) => listPrefix(strategy, namespace));
  }

  /** Throws 410 when the start is no longer known. Nothing is delivered before the subscription's first `resume`. */
  watch(request: ListRequest, start: WatchStart, consumer: WatchConsumer): Subscription {
    const selection = this.selection(request);
    if (start.from === "revision") {
      const sequence = this.#collection.sequenceAfter(start.revision);
      if (sequence === undefined) throw tooOld(start.revision, this.#collection.floorRevision);
      return this.#collection.subscribe(selection, consumer, {
        initial: undefined,
        sequence,
        afterRevision: start.revision,
      });
    }
    const view = start.from === "state" ? this.list(request) : undefined;
    const initial = view === undefined ? undefined : { rows: view.rows(), revision: view.revision };
    return this.#collection.subscribe(selection, consumer, {
      initial,
      sequence: this.#collection.nextSequence,
      afterRevision: 0,
    });
  }

  endWatch(subscription: Subscription): void {
    this.#collection.unsubscribe(subscription);
  }

  onChange(callback: () => void): () => void {
    return this.#collection.onChange(callback);
  }

  #view(
    request: ListRequest,
    selection: Selection,
    snapshot: Snapshot,
    revision: number,
    indexed: readonly CachedRow[] | undefined,
  ): ListView {
    const prefix = this.prefixOf(request.namespace);
    const isPlain = selection.isEverything && this.#form.isStoredForm;
    const rows = (after = ""): Iterable<CachedRow> => {
      const few = indexed ?? this.#namedRow(selection, snapshot, prefix);
      if (few !== undefined) return this.#filtered(few, selection, prefix, after);
      return this.#filteredParts(snapshot.parts(prefix, after), selection);
    };
    return { revision, prefix, snapshot, selection, isPlain, rows };
  }

  /** At most one row where only one name can match. */
  #namedRow(selection: Selection, snapshot: Snapshot, prefix: string): CachedRow[] | undefined {
    const isScoped = selection.namespace !== "" || this.resource.scope === "Cluster";
    if (selection.exactName === undefined || !isScoped) return undefined;
    const row = snapshot.rows(`${prefix}${selection.exactName}`)[Symbol.iterator]().next();
    return row.done === true ? [] : [row.value];
  }

  /** Every row of a large collection comes by here: nothing but the test itself is done for one that does not match. */
  *#filteredParts(parts: Iterable<SlabPart>, selection: Selection): Generator<CachedRow> {
    for (const { slab, from, to } of parts) {
      for (let index = from; index < to; index++) {
        const row = slab.rows[index];
        if (row === undefined) continue;
        const view = this.#form.view(row);
        if (selection.matches(view)) yield view;
      }
    }
  }

  *#filtered(rows: Iterable<CachedRow>, selection: Selection, prefix: string, after: string): Generator<CachedRow> {
    for (const row of rows) {
      if (!row.key.startsWith(prefix) || (after !== "" && compareKeys(row.key, after) <= 0)) continue;
      const view = this.#form.view(row);
      if (selection.matches(view)) yield view;
    }
  }
}
