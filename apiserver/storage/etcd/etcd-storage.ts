/**
 * The store in etcd, over the raw layer of `etcd3` (D4). Reads are linearizable and tried again on another member when
 * they fail; writes are one transaction each and are never tried again.
 */
import type { Etcd3, IKeyValue, IRangeRequest, IRangeResponse, IRequestOp } from "etcd3";
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { prefixEnd, REGISTRY_ROOT } from "../keys.ts";
import type { EtcdTls } from "../open-storage.ts";
import {
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
import { connect } from "./connection.ts";
import { isLeaseNotFound, translateError } from "./errors.ts";
import { EtcdWatch } from "./etcd-watch.ts";
import { Leases } from "./leases.ts";
import { ProgressReports } from "./progress-reports.ts";

export interface EtcdOptions {
  readonly servers: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tls?: EtcdTls;
}

/** More would make messages of tens of megabytes. */
const RANGE_PAGE_ITEMS = 1000;
const READ_TRIES_MAX = 3;
const READ_RETRY_MS = 50;
const HEALTH_MS_MAX = 2000;
/** A key that nobody writes: reading it tells the revision and costs nothing. */
const NO_KEY = Buffer.from(`${REGISTRY_ROOT}~none`);

/** Does not connect yet: an etcd that is down shows in the first call. */
export function openEtcdStorage({ servers, clock, logger, tls }: EtcdOptions): Storage {
  return new EtcdStorage(connect(servers, clock, tls), clock, logger);
}

export class EtcdStorage implements Storage {
  readonly #client: Etcd3;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leases: Leases;
  readonly #progress: ProgressReports;
  readonly #watches = new Set<EtcdWatch>();
  readonly #closed = new AbortController();

  constructor(client: Etcd3, clock: Clock, logger: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
    this.#leases = new Leases(client.leaseClient, clock);
    this.#progress = new ProgressReports(client);
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<GetResult> {
    const { kvs, header } = await this.#range({ key: Buffer.from(key), ...at(revision) }, revision);
    const [kv] = kvs;
    return { item: kv === undefined ? undefined : toStored(kv), revision: Number(header.revision) };
  }

  /** Reads page by page, all at the revision of the first. */
  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { limit = Number.POSITIVE_INFINITY, after = "", revision: asked } = options;
    const range_end = prefixEnd(prefix);
    const items: StoredValue[] = [];
    let key = after > prefix ? Buffer.from(`${after}\0`) : Buffer.from(prefix);
    let pinned = asked;
    for (;;) {
      const size = Math.min(limit - items.length, RANGE_PAGE_ITEMS);
      const { kvs, header, count } = await this.#range({ key, range_end, limit: size, ...at(pinned) }, pinned);
      pinned ??= Number(header.revision);
      for (const kv of kvs) items.push(toStored(kv));
      const remaining = Number(count) - kvs.length;
      if (remaining === 0 || kvs.length === 0 || items.length >= limit) {
        return {
          items,
          revision: asked === undefined ? pinned : Number(header.revision),
          hasMore: remaining > 0,
          remaining,
        };
      }
      key = Buffer.from(`${items.at(-1)?.key ?? ""}\0`);
    }
  }

  async count(prefix: string): Promise<number> {
    const request = { key: Buffer.from(prefix), range_end: prefixEnd(prefix), count_only: true };
    return Number((await this.#range(request, undefined)).count);
  }

  create(key: string, value: Buffer, options: { readonly ttlSeconds?: number } = {}): Promise<WriteResult> {
    return this.#put(key, value, 0, options.ttlSeconds);
  }

  update(
    key: string,
    value: Buffer,
    expectedModRevision: number,
    options: { readonly ttlSeconds?: number } = {},
  ): Promise<WriteResult> {
    return this.#put(key, value, expectedModRevision, options.ttlSeconds);
  }

  async delete(key: string, expectedModRevision: number): Promise<WriteResult> {
    // A transaction that deletes a missing key would succeed, without a revision of its own.
    if (expectedModRevision === 0) {
      const { item, revision } = await this.get(key);
      return { kind: "conflict", current: item, revision };
    }
    return this.#transact(key, expectedModRevision, { request_delete_range: { key: Buffer.from(key) } });
  }

  async currentRevision(): Promise<number> {
    return Number((await this.#range({ key: NO_KEY }, undefined)).header.revision);
  }

  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch {
    const options = { client: this.#client, clock: this.#clock, logger: this.#logger, progress: this.#progress };
    const watch = new EtcdWatch(options, prefix, fromRevision, sink);
    this.#watches.add(watch);
    return {
      requestProgress: () => watch.requestProgress(),
      close: () => {
        this.#watches.delete(watch);
        return watch.close();
      },
    };
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#client.kv.compact({ revision: String(revision) });
    } catch (error) {
      throw translateError(error, revision);
    }
  }

  /** A linearizable read: fails while there is no leader. */
  async checkHealth(): Promise<void> {
    try {
      await this.#client.kv.range({ key: NO_KEY }, { deadline: this.#clock.nowMs() + HEALTH_MS_MAX });
    } catch (error) {
      throw translateError(error);
    }
  }

  async sizeBytes(): Promise<number> {
    try {
      return Number((await this.#client.maintenance.status()).dbSize);
    } catch (error) {
      throw translateError(error);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#watches].map((watch) => watch.close()));
    this.#client.close();
  }

  async #put(key: string, value: Buffer, expected: number, ttlSeconds: number | undefined): Promise<WriteResult> {
    const put = { key: Buffer.from(key), value };
    if (ttlSeconds === undefined) return this.#transact(key, expected, { request_put: put });
    for (let isSecondTry = false; ; isSecondTry = true) {
      try {
        const lease = await this.#leases.leaseFor(ttlSeconds);
        return await this.#transact(key, expected, { request_put: { ...put, lease } });
      } catch (error) {
        this.#leases.forget(ttlSeconds);
        const isLeaseGone = isLeaseNotFound(error) || (error instanceof Error && isLeaseNotFound(error.cause));
        if (isSecondTry || !isLeaseGone) throw error instanceof StorageUnavailableError ? error : translateError(error);
      }
    }
  }

  /** Does `operation` when the key has the expected revision, else reads what is there. */
  async #transact(key: string, expected: number, operation: IRequestOp): Promise<WriteResult> {
    const name = Buffer.from(key);
    try {
      const result = await this.#client.kv.txn({
        compare: [{ key: name, target: "Mod", result: "Equal", mod_revision: String(expected) }],
        success: [operation],
        failure: [{ request_range: { key: name } }],
      });
      const revision = Number(result.header.revision);
      if (result.succeeded) return { kind: "written", revision };
      const kv = result.responses[0]?.response_range.kvs[0];
      return { kind: "conflict", current: kv === undefined ? undefined : toStored(kv), revision };
    } catch (error) {
      throw translateError(error);
    }
  }

  async #range(request: IRangeRequest, revision: number | undefined): Promise<IRangeResponse> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#client.kv.range(request);
      } catch (error) {
        const translated = translateError(error, revision);
        const isFinal = !(translated instanceof StorageUnavailableError) || tries === READ_TRIES_MAX;
        if (isFinal || this.#closed.signal.aborted) throw translated;
        await this.#clock.sleep(READ_RETRY_MS * tries, this.#closed.signal);
      }
    }
  }
}

function at(revision: number | undefined): { revision?: string } {
  return revision === undefined ? {} : { revision: String(revision) };
}

function toStored(kv: IKeyValue): StoredValue {
  return {
    key: kv.key.toString("utf8"),
    value: kv.value,
    modRevision: Number(kv.mod_revision),
    createRevision: Number(kv.create_revision),
  };
}
