/**
 * The store in one SQLite file: what `up` uses when nothing is asked. Writes are collected for one turn of the event
 * loop and committed together, so concurrent writers share one sync of the disk.
 *
 * Q1  A write is answered after its commit is on the disk, and its watchers have been told before.
 * Q2  Within a batch every write sees those before it; a failed commit fails them all and none happened.
 * Q3  One process owns the file (the lock is exclusive), so watches need no polling.
 */
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { type LoggedChange, WatchHub } from "../watch-hub.ts";
import {
  CompactedError,
  FutureRevisionError,
  type GetResult,
  type RangeOptions,
  type RangeResult,
  type Storage,
  StorageUnavailableError,
  type StorageWatch,
  type StoredValue,
  type WatchSink,
  type WriteResult,
} from "../storage.ts";
import { type KeyRange, Tables } from "./tables.ts";

export interface SqliteOptions {
  /** Path of the database; `:memory:` for tests. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Write {
  readonly key: string;
  readonly expected: number;
  /** Absent: delete. */
  readonly value: Buffer | undefined;
  readonly ttlSeconds: number | undefined;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/** Changes that are handed to watchers without reading them back. */
const RECENT_CHANGES_MAX = 512;
const EXPIRY_CHECK_MS = 1000;
const EXPIRED_PER_CHECK = 500;
/** A compaction deletes so many revisions at a time, and lets others run in between. */
const COMPACT_STEP_REVISIONS = 2000;
const ALL = Number.MAX_SAFE_INTEGER;

export class SqliteStorage implements Storage {
  readonly tellsWatchesFirst = true;
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #hub: WatchHub;
  readonly #closed = new AbortController();
  #queue: Write[] = [];
  #recent: LoggedChange[] = [];
  #revision: number;
  #compactRevision: number;

  constructor({ file, clock, logger }: SqliteOptions) {
    this.#tables = new Tables(file);
    this.#clock = clock;
    this.#logger = logger;
    this.#compactRevision = this.#tables.mark("compactRevision");
    this.#revision = Math.max(1, this.#tables.newestRevision(), this.#tables.mark("revision"));
    this.#hub = new WatchHub({
      changesAfter: (revision, limit) => this.#changesAfter(revision, limit),
      revision: () => this.#revision,
      compactRevision: () => this.#compactRevision,
    });
    this.#expireLater();
  }

  async get(key: string, options: { readonly revision?: number } = {}): Promise<GetResult> {
    return this.#read(options.revision, () => {
      const { revision } = options;
      const item = revision === undefined ? this.#tables.get(key) : this.#tables.getAt(key, revision);
      return { item, revision: this.#revision };
    });
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { limit = ALL, after = "", revision } = options;
    return this.#read(revision, () => {
      const keys = { from: prefix, to: textAfter(prefix), after };
      const items =
        revision === undefined ? this.#tables.range(keys, limit) : this.#tables.rangeAt(keys, limit, revision);
      const remaining =
        items.length < limit ? 0 : this.#count({ ...keys, after: items.at(-1)?.key ?? after }, revision);
      return { items, revision: this.#revision, hasMore: remaining > 0, remaining };
    });
  }

  async count(prefix: string): Promise<number> {
    return this.#read(undefined, () => this.#count({ from: prefix, to: textAfter(prefix), after: "" }, undefined));
  }

  create(key: string, value: Buffer, options: { readonly ttlSeconds?: number } = {}): Promise<WriteResult> {
    return this.#write(key, 0, value, options.ttlSeconds);
  }

  update(
    key: string,
    value: Buffer,
    expectedModRevision: number,
    options: { readonly ttlSeconds?: number } = {},
  ): Promise<WriteResult> {
    return this.#write(key, expectedModRevision, value, options.ttlSeconds);
  }

  delete(key: string, expectedModRevision: number): Promise<WriteResult> {
    return this.#write(key, expectedModRevision, undefined, undefined);
  }

  async currentRevision(): Promise<number> {
    return this.#read(undefined, () => this.#revision);
  }

  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch {
    return this.#hub.watch(prefix, fromRevision, sink);
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw new FutureRevisionError(`revision ${revision} is in the future`);
    if (revision <= this.#compactRevision) throw new CompactedError(this.#compactRevision);
    const from = this.#compactRevision;
    this.#compactRevision = revision;
    this.#attempt(() =>
      this.#tables.transaction(() => {
        this.#tables.setMark("compactRevision", revision);
        this.#tables.setMark("revision", this.#revision);
      }),
    );
    for (let to = from; to < revision && !this.#closed.signal.aborted; ) {
      to = Math.min(to + COMPACT_STEP_REVISIONS, revision);
      this.#attempt(() => this.#tables.transaction(() => this.#tables.dropHistory(to, revision)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async checkHealth(): Promise<void> {
    this.#read(undefined, () => this.#tables.mark("revision"));
  }

  async sizeBytes(): Promise<number> {
    return this.#read(undefined, () => this.#tables.sizeBytes());
  }

  /** Commits what is queued, then closes the file. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#commit();
    this.#closed.abort();
    this.#hub.close();
    this.#tables.close();
  }

  #write(
    key: string,
    expected: number,
    value: Buffer | undefined,
    ttlSeconds: number | undefined,
  ): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed.signal.aborted) return reject(new StorageUnavailableError("the database is closed"));
      if (this.#queue.length === 0) setImmediate(() => this.#commit());
      this.#queue.push({ key, expected, value, ttlSeconds, resolve, reject });
    });
  }

  #commit(): void {
    if (this.#queue.length === 0 || this.#closed.signal.aborted) return;
    const writes = this.#queue;
    this.#queue = [];
    const before = this.#revision;
    const changes: LoggedChange[] = [];
    let results: WriteResult[];
    try {
      results = this.#attempt(() => this.#tables.transaction(() => writes.map((write) => this.#apply(write, changes))));
    } catch (error) {
      this.#revision = before;
      this.#logger.error({ err: error }, "cannot commit");
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of writes) reject(failure);
      return;
    }
    this.#recent.push(...changes);
    if (this.#recent.length > 2 * RECENT_CHANGES_MAX) this.#recent = this.#recent.slice(-RECENT_CHANGES_MAX);
    this.#hub.publish();
    for (const [index, { resolve }] of writes.entries()) {
      const result = results[index];
      if (result !== undefined) resolve(result);
    }
  }

  #apply({ key, expected, value, ttlSeconds }: Write, changes: LoggedChange[]): WriteResult {
    const current = this.#tables.get(key);
    if ((current?.modRevision ?? 0) !== expected) return { kind: "conflict", current, revision: this.#revision };
    const revision = ++this.#revision;
    let item: StoredValue | undefined;
    if (value === undefined) {
      this.#tables.delete(key, revision);
    } else {
      item = { key, value, modRevision: revision, createRevision: current?.createRevision ?? revision };
      this.#tables.put(item, ttlSeconds === undefined ? undefined : this.#clock.nowMs() + ttlSeconds * 1000);
    }
    changes.push({ revision, key, item });
    return { kind: "written", revision };
  }

  #changesAfter(revision: number, limit: number): readonly LoggedChange[] {
    const oldest = this.#recent[0]?.revision;
    // Revisions are consecutive: every write is one.
    if (oldest !== undefined && revision >= oldest - 1) {
      return this.#recent.slice(revision - oldest + 1, revision - oldest + 1 + limit);
    }
    return this.#tables.changesAfter(revision, limit);
  }

  #count(keys: KeyRange, revision: number | undefined): number {
    return revision === undefined ? this.#tables.count(keys) : this.#tables.countAt(keys, revision);
  }

  #read<T>(revision: number | undefined, body: () => T): T {
    if (this.#closed.signal.aborted) throw new StorageUnavailableError("the database is closed");
    if (revision !== undefined && revision < this.#compactRevision) throw new CompactedError(this.#compactRevision);
    if (revision !== undefined && revision > this.#revision) {
      throw new FutureRevisionError(`revision ${revision} is in the future`);
    }
    return this.#attempt(body);
  }

  #attempt<T>(body: () => T): T {
    try {
      return body();
    } catch (cause) {
      throw new StorageUnavailableError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #expireLater(): void {
    this.#clock.after(EXPIRY_CHECK_MS, () => {
      if (this.#closed.signal.aborted) return;
      for (const { key, revision } of this.#tables.expired(this.#clock.nowMs(), EXPIRED_PER_CHECK)) {
        this.delete(key, revision).catch((err: unknown) => this.#logger.warn({ err, key }, "cannot expire"));
      }
      this.#expireLater();
    });
  }
}

/** The smallest text after everything that starts with `prefix`. */
function textAfter(prefix: string): string {
  const last = prefix.codePointAt(prefix.length - 1);
  return last === undefined ? "\u{10ffff}" : prefix.slice(0, -1) + String.fromCodePoint(last + 1);
}
