/**
 * The store of a thread that has none: calls go to the thread that owns it (`storage-service.ts`), collected for one
 * turn of the event loop. Nothing is tried again: what the owner answers is what the caller gets.
 *
 * X1  Answers and news of watches arrive in the order in which the owner sent them.
 * X2  When the owner is gone, every call rejects with `StorageUnavailableError` (S5: a write may have happened).
 */
import {
  type GetResult,
  type RangeOptions,
  type RangeResult,
  type Storage,
  StorageUnavailableError,
  type StorageWatch,
  type WatchSink,
  type WriteResult,
} from "../storage.ts";
import type { AnswerBatch, Call, CallBatch, Result, WatchCall, WatchNews } from "./messages.ts";
import { BytesPacker, unpackEvent, unpackItem } from "./packed-bytes.ts";
import { unpackError } from "./packed-errors.ts";

type Ttl = { readonly ttlSeconds?: number };

/** Sends one message; `transfer` moves what it names. */
export type Post<Message> = (message: Message, transfer: ArrayBuffer[]) => void;

interface Pending {
  resolve(value: { readonly result: Exclude<Result, { result: "failed" }>; readonly bytes: ArrayBuffer }): void;
  reject(error: Error): void;
}

type Answer<Kind extends Result["result"]> = {
  readonly result: Extract<Result, { result: Kind }>;
  readonly bytes: ArrayBuffer;
};

export class RemoteStorage implements Storage {
  readonly #post: Post<CallBatch>;
  readonly #knownRevision: (() => number) | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #watches = new Map<number, WatchSink>();
  readonly #packer = new BytesPacker();
  #calls: [number, Call][] = [];
  #watchCalls: WatchCall[] = [];
  #nextId = 1;
  #isScheduled = false;
  #isClosed = false;

  /** `knownRevision` is for stores whose revision is known without asking (`Storage.tellsWatchesFirst`). */
  constructor(post: Post<CallBatch>, knownRevision?: () => number) {
    this.#post = post;
    this.#knownRevision = knownRevision;
  }

  /** What the owner sent. */
  receive({ answers, news, bytes }: AnswerBatch): void {
    for (const [id, result] of answers) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (result.result === "failed") pending?.reject(unpackError(result.error));
      else pending?.resolve({ result, bytes });
    }
    for (const one of news) this.#tell(one, bytes);
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<GetResult> {
    const { result, bytes } = await this.#call<"got">({ call: "get", key, revision });
    return { item: result.item && unpackItem(bytes, result.item), revision: result.revision };
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { result, bytes } = await this.#call<"range">({ call: "range", prefix, options });
    const { revision, hasMore, remaining } = result;
    return { items: result.items.map((item) => unpackItem(bytes, item)), revision, hasMore, remaining };
  }

  async count(prefix: string): Promise<number> {
    return (await this.#call<"number">({ call: "count", prefix })).result.number;
  }

  create(key: string, value: Buffer, { ttlSeconds }: Ttl = {}): Promise<WriteResult> {
    return this.#write({ call: "create", key, value: this.#packer.add(value), ttlSeconds });
  }

  update(key: string, value: Buffer, expected: number, { ttlSeconds }: Ttl = {}): Promise<WriteResult> {
    return this.#write({ call: "update", key, value: this.#packer.add(value), expected, ttlSeconds });
  }

  delete(key: string, expected: number): Promise<WriteResult> {
    return this.#write({ call: "delete", key, expected });
  }

  async currentRevision(): Promise<number> {
    if (this.#knownRevision !== undefined && !this.#isClosed) return this.#knownRevision();
    return (await this.#call<"number">({ call: "currentRevision" })).result.number;
  }

  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch {
    const watch = this.#nextId++;
    this.#watches.set(watch, sink);
    this.#sendWatch({ call: "watch", watch, prefix, fromRevision });
    return {
      requestProgress: () => this.#sendWatch({ call: "want", watch }),
      close: async () => {
        if (this.#watches.delete(watch)) this.#sendWatch({ call: "unwatch", watch });
      },
    };
  }

  async compact(revision: number): Promise<void> {
    await this.#call({ call: "compact", revision });
  }

  async checkHealth(): Promise<void> {
    await this.#call({ call: "checkHealth" });
  }

  async sizeBytes(): Promise<number> {
    return (await this.#call<"number">({ call: "sizeBytes" })).result.number;
  }

  /** Ends what is waiting; the store itself belongs to the other thread. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#watches.clear();
    for (const { reject } of this.#pending.values()) reject(new StorageUnavailableError("the store is closed"));
    this.#pending.clear();
  }

  async #write(call: Call): Promise<WriteResult> {
    const { result, bytes } = await this.#call<"written" | "conflict">(call);
    if (result.result === "written") return { kind: "written", revision: result.revision };
    const { current, revision } = result;
    return { kind: "conflict", current: current && unpackItem(bytes, current), revision };
  }

  #call<Kind extends Result["result"]>(call: Call): Promise<Answer<Kind>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new StorageUnavailableError("the store is closed"));
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      this.#calls.push([id, call]);
      this.#schedule();
    });
  }

  #sendWatch(call: WatchCall): void {
    if (this.#isClosed) return;
    this.#watchCalls.push(call);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed || (this.#calls.length === 0 && this.#watchCalls.length === 0)) return;
    const bytes = this.#packer.take();
    const batch: CallBatch = { kind: "calls", calls: this.#calls, watches: this.#watchCalls, bytes };
    this.#calls = [];
    this.#watchCalls = [];
    this.#post(batch, [bytes]);
  }

  #tell(one: WatchNews, bytes: ArrayBuffer): void {
    const sink = this.#watches.get(one.watch);
    if (sink === undefined) return;
    if (one.news === "events") sink.events(one.events.map((event) => unpackEvent(bytes, event)));
    else if (one.news === "progress") sink.progress(one.revision);
    else {
      this.#watches.delete(one.watch);
      sink.compacted(one.revision);
    }
  }
}
