/**
 * Serves the store of this thread to one other thread (`remote-storage.ts`). Answers of one turn of the event loop
 * are sent together.
 *
 * Y1  What became known earlier is sent earlier: `post` is called in the order of answers and events.
 */
import type { Storage, StorageWatch, WriteResult } from "../storage.ts";
import type { AnswerBatch, Call, CallBatch, Result, WatchCall, WatchNews } from "./messages.ts";
import { BytesPacker, unpack } from "./packed-bytes.ts";
import { packError } from "./packed-errors.ts";
import type { Post } from "./remote-storage.ts";

type Packing = (packer: BytesPacker) => Result;

export class StorageService {
  readonly #storage: Storage;
  readonly #post: Post<AnswerBatch>;
  readonly #packer = new BytesPacker();
  readonly #watches = new Map<number, StorageWatch>();
  #answers: [number, Result][] = [];
  #news: WatchNews[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(storage: Storage, post: Post<AnswerBatch>) {
    this.#storage = storage;
    this.#post = post;
  }

  /** What the other thread sent. */
  receive({ calls, watches, bytes }: CallBatch): void {
    for (const [id, call] of calls) void this.#answer(id, call, bytes);
    for (const call of watches) this.#changeWatch(call);
  }

  /** Sends nothing any more, and ends the watches of the other thread. */
  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) void watch.close();
    this.#watches.clear();
  }

  async #answer(id: number, call: Call, bytes: ArrayBuffer): Promise<void> {
    let packing: Packing;
    try {
      packing = await run(this.#storage, call, bytes);
    } catch (error) {
      packing = () => ({ result: "failed", error: packError(error) });
    }
    if (this.#isClosed) return;
    this.#answers.push([id, packing(this.#packer)]);
    this.#schedule();
  }

  #changeWatch(call: WatchCall): void {
    switch (call.call) {
      case "want":
        return this.#watches.get(call.watch)?.requestProgress();
      case "unwatch":
        void this.#watches.get(call.watch)?.close();
        this.#watches.delete(call.watch);
        return;
      case "watch":
        this.#watches.set(call.watch, this.#watch(call.watch, call.prefix, call.fromRevision));
    }
  }

  #watch(watch: number, prefix: string, fromRevision: number): StorageWatch {
    return this.#storage.watch(prefix, fromRevision, {
      events: (events) => {
        this.#tell({ news: "events", watch, events: events.map((event) => this.#packer.addEvent(event)) });
      },
      progress: (revision) => this.#tell({ news: "progress", watch, revision }),
      compacted: (revision) => {
        this.#watches.delete(watch);
        this.#tell({ news: "compacted", watch, revision });
      },
    });
  }

  #tell(one: WatchNews): void {
    if (this.#isClosed) return;
    this.#news.push(one);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const bytes = this.#packer.take();
    const batch: AnswerBatch = { kind: "answers", answers: this.#answers, news: this.#news, bytes };
    this.#answers = [];
    this.#news = [];
    this.#post(batch, [bytes]);
  }
}

async function run(storage: Storage, call: Call, bytes: ArrayBuffer): Promise<Packing> {
  switch (call.call) {
    case "get": {
      const { item, revision } = await storage.get(
        call.key,
        call.revision === undefined ? {} : { revision: call.revision },
      );
      return (packer) => ({ result: "got", item: item && packer.addItem(item), revision });
    }
    case "range": {
      const { items, ...rest } = await storage.range(call.prefix, call.options);
      return (packer) => ({ result: "range", items: items.map((item) => packer.addItem(item)), ...rest });
    }
    case "count":
      return aNumber(await storage.count(call.prefix));
    case "create":
      return written(await storage.create(call.key, unpack(bytes, call.value), ttlOf(call)));
    case "update":
      return written(await storage.update(call.key, unpack(bytes, call.value), call.expected, ttlOf(call)));
    case "delete":
      return written(await storage.delete(call.key, call.expected));
    case "currentRevision":
      return aNumber(await storage.currentRevision());
    case "sizeBytes":
      return aNumber(await storage.sizeBytes());
    case "compact":
      await storage.compact(call.revision);
      return () => ({ result: "done" });
    case "checkHealth":
      await storage.checkHealth();
      return () => ({ result: "done" });
  }
}

function ttlOf({ ttlSeconds }: { readonly ttlSeconds: number | undefined }): { ttlSeconds?: number } {
  return ttlSeconds === undefined ? {} : { ttlSeconds };
}

function aNumber(number: number): Packing {
  return () => ({ result: "number", number });
}

function written(result: WriteResult): Packing {
  if (result.kind === "written") return () => ({ result: "written", revision: result.revision });
  const { current, revision } = result;
  return (packer) => ({ result: "conflict", current: current && packer.addItem(current), revision });
}
