/**
 * What the apiserver needs of a store (D3): keys to bytes with one global revision, and one watch over everything.
 * Implemented by `memory/`, `sqlite/` and `etcd/`; `storage-conformance.ts` is the suite that all three pass.
 *
 * S1  Every successful write gets a revision greater than all before it; revisions are etcd's and fit 2^53.
 * S2  A write names the `modRevision` it expects; when that differs nothing is written and the present state returns.
 * S3  A watch from revision R delivers every change with a revision > R exactly once, in order, all changes of one
 *     revision together, across any number of broken connections; when it cannot, it ends with `compacted`.
 * S4  An acknowledged write survives kill -9 (not for memory).
 * S5  A write whose answer was lost is never silently retried: it rejects, and the caller must look.
 */

export interface StoredValue {
  readonly key: string;
  /** JSON bytes of the object without `metadata.resourceVersion`. */
  readonly value: Buffer;
  readonly modRevision: number;
  readonly createRevision: number;
}

/** `revision` is the store's revision when the answer was made. */
export interface GetResult {
  readonly item: StoredValue | undefined;
  readonly revision: number;
}

export interface RangeOptions {
  /** At most this many items; all when left out. */
  readonly limit?: number;
  /** Only keys that sort after this one. */
  readonly after?: string;
  /** As the store was at that revision; throws `CompactedError` when that is gone. */
  readonly revision?: number;
}

export interface RangeResult {
  readonly items: StoredValue[];
  readonly revision: number;
  /** True when more keys follow the last one. */
  readonly hasMore: boolean;
  /** How many follow. */
  readonly remaining: number;
}

/** `expired`/`conflict` are results, not errors: callers must handle both. */
export type WriteResult =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "conflict"; readonly current: StoredValue | undefined; readonly revision: number };

export type StorageEvent =
  | { readonly type: "put"; readonly item: StoredValue }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

export interface WatchSink {
  /** All changes of one revision, or of several consecutive ones, in order. */
  events(events: readonly StorageEvent[]): void;
  /** Every change up to this revision has been delivered. */
  progress(revision: number): void;
  /** The watch is over: history before `compactRevision` is gone. Start again from a list. */
  compacted(compactRevision: number): void;
}

export interface StorageWatch {
  /** Asks for a `progress` call as soon as the store can give one. */
  requestProgress(): void;
  close(): Promise<void>;
}

/** The revision asked for has been compacted. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly compactRevision: number;
  constructor(compactRevision: number) {
    super(`revision has been compacted at ${compactRevision}`);
    this.compactRevision = compactRevision;
  }
}

/** The revision asked for is in the future. */
export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
}

/** The store did not answer, or its answer was lost: after a write, nobody knows whether it happened (S5). */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
}

export interface Storage {
  /** Whether its watches have been told of every write before its writer is answered. */
  readonly tellsWatchesFirst?: boolean;
  get(key: string, options?: { readonly revision?: number }): Promise<GetResult>;
  /** Keys that start with `prefix`, sorted by bytes. */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /** Number of keys with that prefix. */
  count(prefix: string): Promise<number>;
  /** `ttlSeconds`: the key goes away by itself, as a delete event, about that long after the write. */
  create(key: string, value: Buffer, options?: { readonly ttlSeconds?: number }): Promise<WriteResult>;
  update(
    key: string,
    value: Buffer,
    expectedModRevision: number,
    options?: { readonly ttlSeconds?: number },
  ): Promise<WriteResult>;
  delete(key: string, expectedModRevision: number): Promise<WriteResult>;
  /** Linearizable: at least every write acknowledged before the call. */
  currentRevision(): Promise<number>;
  /** Everything below `prefix` with a revision > `fromRevision`. */
  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch;
  /** Forgets history before `revision`. */
  compact(revision: number): Promise<void>;
  /** Rejects with a reason when the store cannot serve. */
  checkHealth(): Promise<void>;
  /** Bytes on disk or in memory, for `apiserver_storage_size_bytes`. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}
