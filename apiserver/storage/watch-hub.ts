/**
 * Watches of the stores that live in our own process (memory, SQLite): each watch has a position in the store's log
 * of changes and is pumped forward, so catching up and live events are the same thing and S3 needs no hand-over.
 */
import type { StorageEvent, StorageWatch, StoredValue, WatchSink } from "./storage.ts";

export interface LoggedChange {
  readonly revision: number;
  readonly key: string;
  /** Absent: the key was deleted. */
  readonly item: StoredValue | undefined;
}

/** What the hub reads of its store. All members are synchronous and see committed changes only. */
export interface ChangeLog {
  /** At most `limit` changes with a greater revision, oldest first. */
  changesAfter(revision: number, limit: number): readonly LoggedChange[];
  revision(): number;
  compactRevision(): number;
}

interface HubWatch {
  readonly prefix: string;
  readonly sink: WatchSink;
  /** Every change up to here was handed over. */
  position: number;
  isOpen: boolean;
  wantsProgress: boolean;
}

/** One read of the log; bounds memory while a watch catches up. */
const CHANGES_PER_READ = 1000;

export class WatchHub {
  readonly #log: ChangeLog;
  readonly #watches = new Set<HubWatch>();

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  /** The sink is first called after this returned. */
  watch(prefix: string, fromRevision: number, sink: WatchSink): StorageWatch {
    const watch: HubWatch = { prefix, sink, position: fromRevision, isOpen: true, wantsProgress: false };
    this.#watches.add(watch);
    const pumpSoon = (): void => queueMicrotask(() => this.#pump(watch));
    pumpSoon();
    return {
      requestProgress: () => {
        watch.wantsProgress = true;
        pumpSoon();
      },
      close: async () => this.#end(watch),
    };
  }

  /** Hands committed changes to all watches; the store calls it after each commit. */
  publish(): void {
    for (const watch of this.#watches) this.#pump(watch);
  }

  close(): void {
    for (const watch of this.#watches) this.#end(watch);
  }

  #end(watch: HubWatch): void {
    watch.isOpen = false;
    this.#watches.delete(watch);
  }

  #pump(watch: HubWatch): void {
    while (watch.isOpen && watch.position < this.#log.revision()) {
      if (watch.position < this.#log.compactRevision()) {
        this.#end(watch);
        watch.sink.compacted(this.#log.compactRevision());
        return;
      }
      const changes = this.#log.changesAfter(watch.position, CHANGES_PER_READ);
      watch.position = changes.at(-1)?.revision ?? this.#log.revision();
      const events = changes.filter((change) => change.key.startsWith(watch.prefix)).map(toEvent);
      if (events.length > 0) watch.sink.events(events);
    }
    if (!watch.isOpen || !watch.wantsProgress) return;
    watch.wantsProgress = false;
    watch.sink.progress(watch.position);
  }
}

function toEvent({ revision, key, item }: LoggedChange): StorageEvent {
  return item === undefined ? { type: "delete", key, revision } : { type: "put", item };
}
