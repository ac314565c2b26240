/**
 * Hands what the main thread's caches are filled with to the other threads' caches: one watch of the store and one
 * copy of every object's bytes serve them all.
 *
 * L1  A follower gets everything that the caches hold at one moment, then every change after it, once and in order.
 * L2  A change is sent to every follower before its revision is published, and so before its writer is answered where
 *     the store tells its watches first.
 */
import type { CacheContents, CacheSource } from "../watch-cache/cache-source.ts";
import { replaceEach, wireBytes } from "../watch-cache/wire-form.ts";
import type { StorageEvent, StorageWatch, StoredValue, WatchSink } from "../storage/storage.ts";
import type { FeedMessage, SharedEvent, SharedItem } from "./messages.ts";

/** The caches that the relay fills. */
export interface RelayedCaches {
  contents(): CacheContents;
}

/** Sends to one thread. */
export type SendFeed = (message: FeedMessage) => void;

/** So many objects make one message of the first load. */
const ITEMS_PER_MESSAGE = 1000;

export class CacheRelay {
  readonly #publish: (revision: number) => void;
  readonly #followers = new Set<SendFeed>();
  /** Those that wait for the caches to be loaded. */
  #waiting = new Set<SendFeed>();
  #caches: RelayedCaches | undefined;
  #watch: StorageWatch | undefined;

  constructor(publish: (revision: number) => void) {
    this.#publish = publish;
  }

  /** The caches that this source fills; to be called once, before they are started. */
  fills(caches: RelayedCaches): void {
    this.#caches = caches;
  }

  /** The source of the main thread's caches: what they get, the followers get. */
  of(store: CacheSource): CacheSource {
    return {
      load: async () => {
        const { items, revision, changes, reached } = await store.load();
        return { items: replaceEach(items, shared), revision, changes: changes.map(sharedEvent), reached };
      },
      watch: (fromRevision, sink) => this.#watchFor(store, fromRevision, sink),
    };
  }

  /** Sends everything and then what changes, again when it was followed already. */
  follow(send: SendFeed): void {
    this.#followers.delete(send);
    const caches = this.#caches;
    if (this.#watch === undefined || caches === undefined) {
      this.#waiting.add(send);
      return;
    }
    const { items: values, revision, changes, reached } = caches.contents();
    const items = values.map(toItem);
    for (let from = 0; from === 0 || from < items.length; from += ITEMS_PER_MESSAGE) {
      const to = from + ITEMS_PER_MESSAGE;
      const isLast = to >= items.length;
      send({
        kind: "contents",
        items: items.slice(from, to),
        revision,
        changes: isLast ? changes.map(toMessage) : [],
        reached,
        isFirst: from === 0,
        isLast,
      });
    }
    this.#followers.add(send);
  }

  unfollow(send: SendFeed): void {
    this.#followers.delete(send);
    this.#waiting.delete(send);
  }

  requestProgress(): void {
    this.#watch?.requestProgress();
  }

  #watchFor(store: CacheSource, fromRevision: number, sink: WatchSink): StorageWatch {
    const watch = store.watch(fromRevision, {
      events: (events) => {
        const changes = events.map(sharedEvent);
        sink.events(changes);
        this.#tell({ kind: "events", events: changes.map(toMessage) }, revisionOf(changes));
      },
      progress: (revision) => {
        sink.progress(revision);
        this.#tell({ kind: "progress", revision }, revision);
      },
      compacted: (revision) => {
        this.#watch = undefined;
        sink.compacted(revision);
        // They follow again once they have noticed.
        for (const send of this.#followers) send({ kind: "compacted", revision });
        this.#followers.clear();
      },
    });
    this.#watch = watch;
    this.#publish(fromRevision);
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const send of waiting) this.follow(send);
    return watch;
  }

  #tell(message: FeedMessage, revision: number): void {
    for (const send of this.#followers) send(message);
    this.#publish(revision);
  }
}

function revisionOf(events: readonly StorageEvent[]): number {
  const last = events.at(-1);
  return last === undefined ? 0 : last.type === "put" ? last.item.modRevision : last.revision;
}

/** The value in its wire form, in memory that threads share. A value that is no object stays what it is. */
function shared(item: StoredValue): StoredValue {
  const wire = wireBytes(item);
  const bytes = new SharedArrayBuffer(wire.length);
  const value = Buffer.from(bytes);
  wire.copy(value);
  return { ...item, value };
}

function sharedEvent(event: StorageEvent): StorageEvent {
  return event.type === "put" ? { type: "put", item: shared(event.item) } : event;
}

function toItem({ key, value, modRevision }: StoredValue): SharedItem {
  return { key, revision: modRevision, bytes: sharedBytes(value) };
}

/** The memory under a value of ours; a copy for one that is somebody else's. */
function sharedBytes(value: Buffer): SharedArrayBuffer {
  if (value.buffer instanceof SharedArrayBuffer && value.length === value.buffer.byteLength) return value.buffer;
  const bytes = new SharedArrayBuffer(value.length);
  value.copy(Buffer.from(bytes));
  return bytes;
}

function toMessage(event: StorageEvent): SharedEvent {
  return event.type === "put" ? toItem(event.item) : { key: event.key, revision: event.revision, bytes: undefined };
}
