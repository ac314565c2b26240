/**
 * The store in memory: for tests, simulation and throw-away servers. A log of all changes since the last compaction,
 * and for every key its versions; what a crash would lose is lost (S4 does not hold).
 *
 * M1  `versions` of a key are in order of revision and end with what is current, a delete being `value: undefined`.
 * M2  Watchers get a change before the writer gets its answer.
 */
import type { Clock } from "../../../shared/process/clock.ts";
import { compareKeys } from "../keys.ts";
import { type LoggedChange, WatchHub } from "../watch-hub.ts";
import {
  CompactedError,
  FutureRevisionError,
  type GetResult,
  type RangeOptions,
  type RangeResult,
  type Storage,
  type StorageWatch,
  type StoredValue,
  type WatchSink,
  type WriteResult,
} from "../storage.ts";

interface Version {
  readonly modRevision: number;
  readonly item: StoredValue | undefined;
}

export class MemoryStorage implements Storage {
  readonly tellsWatchesFirst = true;
  readonly #clock: Clock;
  readonly #versions = new Map<string, Version[]>();
  /** Keys of `#versions`, sorted. */
  readonly #keys: string[] = [];
  readonly #log: LoggedChange[] = [];
  readonly #hub: WatchHub;
  #revision = 1;
  #compactRevision = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#hub = new WatchHub({
      changesAfter: (revision, limit) => {
        const start = this.#logIndexAfter(revision);
        return this.#log.slice(start, start + limit);
      },
      revision: () => this.#revision,
      compactRevision: () => this.#compactRevision,
    });
  }

  async get(key: string, options: { readonly revision?: number } = {}): Promise<GetResult> {
    this.#checkRevision(options.revision);
    return { item: this.#itemAt(key, options.revision), revision: this.#revision };
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkRevision(options.revision);
    const { limit = Number.POSITIVE_INFINITY, after = "" } = options;
    const items: StoredValue[] = [];
    let remaining = 0;
    for (let index = this.#keyIndex(prefix); index < this.#keys.length; index++) {
      const key = this.#keys[index] ?? "";
      if (!key.startsWith(prefix)) break;
      if (after !== "" && compareKeys(key, after) <= 0) continue;
      const item = this.#itemAt(key, options.revision);
      if (item === undefined) continue;
      if (items.length < limit) items.push(item);
      else remaining++;
    }
    return { items, revision: this.#revision, hasMore: remaining > 0, remaining };
  }

  async count(prefix: string): Promise<number> {
    return (await this.range(prefix)).items.length;
  }

  async create(key: string, value: Buffer, options: { readonly ttlSeconds?: number } = {}): Promise<WriteResult> {
    return this.#write(key, 0, value, options.ttlSeconds);
  }

  async update(
    key: string,
    value: Buffer,
    expectedModRevision: number,
    options: { readonly ttlSeconds?: number } = {},
  ): Promise<WriteResult> {
    return this.#write(key, expectedModRevision, value, options.ttlSeconds);
  }

  async delete(key: string, expectedModRevision: number): Promise<WriteResult> {
    return this.#write(key, expectedModRevision, undefined, undefined);
  }

  async currentRevision(): Promise<number> {
    return this.#revision;
  }

  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch {
    return this.#hub.watch(prefix, fromRevision, sink);
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw new FutureRevisionError(`revision ${revision} is in the future`);
    if (revision <= this.#compactRevision) throw new CompactedError(this.#compactRevision);
    this.#compactRevision = revision;
    this.#log.splice(0, this.#logIndexAfter(revision));
    for (const [key, versions] of this.#versions) {
      const base = versions.findLastIndex((version) => version.modRevision <= revision);
      versions.splice(0, versions[base]?.item === undefined ? base + 1 : base);
      if (versions.length === 0) this.#forget(key);
    }
  }

  async checkHealth(): Promise<void> {
    // Memory is always healthy.
  }

  async sizeBytes(): Promise<number> {
    return this.#log.reduce((sum, { item }) => sum + (item?.value.length ?? 0), 0);
  }

  async close(): Promise<void> {
    this.#hub.close();
  }

  #write(key: string, expected: number, value: Buffer | undefined, ttlSeconds: number | undefined): WriteResult {
    const current = this.#itemAt(key, undefined);
    if ((current?.modRevision ?? 0) !== expected) return { kind: "conflict", current, revision: this.#revision };
    const revision = ++this.#revision;
    const createRevision = current?.createRevision ?? revision;
    const item = value === undefined ? undefined : { key, value, modRevision: revision, createRevision };
    this.#append(key, { modRevision: revision, item });
    if (ttlSeconds !== undefined) this.#expireLater(key, revision, ttlSeconds);
    this.#hub.publish();
    return { kind: "written", revision };
  }

  #append(key: string, version: Version): void {
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.#keys.splice(this.#keyIndex(key), 0, key);
    } else {
      versions.push(version);
    }
    this.#log.push({ revision: version.modRevision, key, item: version.item });
  }

  #expireLater(key: string, revision: number, ttlSeconds: number): void {
    this.#clock.after(ttlSeconds * 1000, () => {
      if (this.#itemAt(key, undefined)?.modRevision === revision) this.#write(key, revision, undefined, undefined);
    });
  }

  #itemAt(key: string, revision: number | undefined): StoredValue | undefined {
    const versions = this.#versions.get(key);
    if (revision === undefined) return versions?.at(-1)?.item;
    return versions?.findLast((version) => version.modRevision <= revision)?.item;
  }

  #checkRevision(revision: number | undefined): void {
    if (revision === undefined) return;
    if (revision < this.#compactRevision) throw new CompactedError(this.#compactRevision);
    if (revision > this.#revision) throw new FutureRevisionError(`revision ${revision} is in the future`);
  }

  #forget(key: string): void {
    this.#versions.delete(key);
    this.#keys.splice(this.#keyIndex(key), 1);
  }

  /** Where `key` is or would be in `#keys`. */
  #keyIndex(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first change with a greater revision. */
  #logIndexAfter(revision: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
