/**
 * The store in etcd (D4): reads and writes over a channel of our own, everything else over the raw layer of `etcd3`.
 * Reads are linearizable and tried again on another member when they fail; writes are one transaction each and are
 * never tried again.
 */
import type { Etcd3 } from "etcd3";
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
import { CALL_MS_MAX, connect } from "./connection.ts";
import { isLeaseNotFound, translateError } from "./errors.ts";
import { EtcdWatch } from "./etcd-watch.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import {
  decodeRange,
  decodeWrite,
  encodeGuardedWrite,
  encodeRange,
  type GuardedWrite,
  type RangeAnswer,
  type RangeCall,
} from "./kv-messages.ts";
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
const NO_KEY = `${REGISTRY_ROOT}~none`;
const RANGE = "/etcdserverpb.KV/Range";
const TXN = "/etcdserverpb.KV/Txn";

/** Does not connect yet: an etcd that is down shows in the first call. */
export function openEtcdStorage({ servers, clock, logger, tls }: EtcdOptions): Storage {
  const channel = new GrpcChannel({ servers, tls, callMsMax: CALL_MS_MAX });
  return new EtcdStorage(connect(servers, clock, tls), channel, clock, logger);
}

export class EtcdStorage implements Storage {
  readonly #client: Etcd3;
  readonly #channel: GrpcChannel;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leases: Leases;
  readonly #progress: ProgressReports;
  readonly #watches = new Set<EtcdWatch>();
  readonly #closed = new AbortController();

  constructor(client: Etcd3, channel: GrpcChannel, clock: Clock, logger: Logger) {
    this.#client = client;
    this.#channel = channel;
    this.#clock = clock;
    this.#logger = logger;
    this.#leases = new Leases(client.leaseClient, clock);
    this.#progress = new ProgressReports(client);
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<GetResult> {
    const answer = await this.#range({ key, revision });
    return { item: answer.items[0], revision: answer.revision };
  }

  /** Reads page by page, all at the revision of the first. */
  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { limit = Number.POSITIVE_INFINITY, after = "", revision: asked } = options;
    const end = prefixEnd(prefix);
    const items: StoredValue[] = [];
    let key = after > prefix ? `${after}\0` : prefix;
    let pinned = asked;
    for (;;) {
      const size = Math.min(limit - items.length, RANGE_PAGE_ITEMS);
      const page = await this.#range({ key, end, limit: size, revision: pinned });
      pinned ??= page.revision;
      for (const item of page.items) items.push(item);
      const remaining = page.count - page.items.length;
      if (remaining === 0 || page.items.length === 0 || items.length >= limit) {
        return { items, revision: asked === undefined ? pinned : page.revision, hasMore: remaining > 0, remaining };
      }
      key = `${items.at(-1)?.key ?? ""}\0`;
    }
  }

  async count(prefix: string): Promise<number> {
    return (await this.#range({ key: prefix, end: prefixEnd(prefix), isCountOnly: true })).count;
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
    return this.#transact({ key, expected: expectedModRevision, put: undefined });
  }

  async currentRevision(): Promise<number> {
    return (await this.#range({ key: NO_KEY })).revision;
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
      await this.#channel.call(RANGE, encodeRange({ key: NO_KEY }), HEALTH_MS_MAX);
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
    this.#channel.close();
    this.#client.close();
  }

  async #put(key: string, value: Buffer, expected: number, ttlSeconds: number | undefined): Promise<WriteResult> {
    if (ttlSeconds === undefined) return this.#transact({ key, expected, put: { value } });
    for (let isSecondTry = false; ; isSecondTry = true) {
      try {
        const lease = await this.#leases.leaseFor(ttlSeconds);
        return await this.#transact({ key, expected, put: { value, lease } });
      } catch (error) {
        this.#leases.forget(ttlSeconds);
        const isLeaseGone = isLeaseNotFound(error) || (error instanceof Error && isLeaseNotFound(error.cause));
        if (isSecondTry || !isLeaseGone) throw error instanceof StorageUnavailableError ? error : translateError(error);
      }
    }
  }

  async #transact(write: GuardedWrite): Promise<WriteResult> {
    try {
      const { isDone, revision, current } = decodeWrite(await this.#channel.call(TXN, encodeGuardedWrite(write)));
      return isDone ? { kind: "written", revision } : { kind: "conflict", current, revision };
    } catch (error) {
      throw translateError(error);
    }
  }

  async #range(request: RangeCall): Promise<RangeAnswer> {
    for (let tries = 1; ; tries++) {
      try {
        return decodeRange(await this.#channel.call(RANGE, encodeRange(request)));
      } catch (error) {
        const translated = translateError(error, request.revision);
        const isFinal = !(translated instanceof StorageUnavailableError) || tries === READ_TRIES_MAX;
        if (isFinal || this.#closed.signal.aborted) throw translated;
        await this.#clock.sleep(READ_RETRY_MS * tries, this.#closed.signal);
      }
    }
  }
}
