/**
 * Fills the caches of a serving thread with what the main thread sends (`cache-relay.ts`).
 *
 * N1  Changes that arrive between the contents and the watch are kept, and handed over first.
 */
import type { CacheContents, CacheSource } from "../watch-cache/cache-source.ts";
import type { StorageEvent, StorageWatch, StoredValue, WatchSink } from "../storage/storage.ts";
import type { FeedMessage, SharedEvent, SharedItem } from "./messages.ts";

/** What the thread asks of the main thread. */
export interface RelayRequests {
  load(): void;
  wantProgress(): void;
}

export class RelayedSource implements CacheSource {
  readonly #requests: RelayRequests;
  #items: StoredValue[] = [];
  #loaded: ((contents: CacheContents) => void) | undefined;
  #early: FeedMessage[] = [];
  #sink: WatchSink | undefined;

  constructor(requests: RelayRequests) {
    this.#requests = requests;
  }

  load(): Promise<CacheContents> {
    const contents = new Promise<CacheContents>((resolve) => {
      this.#loaded = resolve;
    });
    this.#requests.load();
    return contents;
  }

  watch(_fromRevision: number, sink: WatchSink): StorageWatch {
    this.#sink = sink;
    const early = this.#early;
    this.#early = [];
    queueMicrotask(() => {
      for (const message of early) this.receive(message);
    });
    return {
      requestProgress: () => this.#requests.wantProgress(),
      close: async () => {
        if (this.#sink === sink) this.#sink = undefined;
      },
    };
  }

  receive(message: FeedMessage): void {
    if (message.kind === "contents") return this.#takeContents(message);
    const sink = this.#sink;
    if (sink === undefined) {
      this.#early.push(message);
      return;
    }
    switch (message.kind) {
      case "events":
        return sink.events(message.events.map(toEvent));
      case "progress":
        return sink.progress(message.revision);
      case "compacted":
        this.#sink = undefined;
        return sink.compacted(message.revision);
    }
  }

  #takeContents(message: Extract<FeedMessage, { kind: "contents" }>): void {
    const { items, revision, changes, reached, isFirst, isLast } = message;
    if (this.#loaded === undefined) return;
    if (isFirst) {
      this.#items = [];
      this.#early = [];
      this.#sink = undefined;
    }
    for (const item of items) this.#items.push(toStored(item));
    if (!isLast) return;
    const contents = { items: this.#items, revision, changes: changes.map(toEvent), reached };
    this.#items = [];
    this.#loaded?.(contents);
    this.#loaded = undefined;
  }
}

function toStored({ key, revision, bytes }: SharedItem): StoredValue {
  return { key, value: Buffer.from(bytes), modRevision: revision, createRevision: 0 };
}

function toEvent({ key, revision, bytes }: SharedEvent): StorageEvent {
  return bytes === undefined
    ? { type: "delete", key, revision }
    : { type: "put", item: toStored({ key, revision, bytes }) };
}
