/**
 * What the store still knows of its last changes: caches that start with them can go on with watches of before a
 * restart, where upstream's start empty and answer 410.
 *
 * G1  `changes` are all changes after `since` up to `reached`, in order.
 * G2  Reading them is bounded in number, bytes and time: what does not fit is left out from the old end.
 */
import type { Clock } from "../../shared/process/clock.ts";
import { REGISTRY_ROOT } from "../storage/keys.ts";
import type { Storage, StorageEvent } from "../storage/storage.ts";

export interface RecentHistory {
  readonly since: number;
  readonly changes: readonly StorageEvent[];
  readonly reached: number;
}

/** Several minutes of a busy cluster; etcd hands so many small objects over in about a second. */
export const HISTORY_REVISIONS_MAX = 10_000;
/** The same for large objects. */
export const HISTORY_BYTES_MAX = 32 * 1024 * 1024;
/** A store that is slower than this starts without its history. */
const HISTORY_MS_MAX = 5000;
/** Another part of the store was written last: then only a report tells that nothing is missing. */
const PROGRESS_EVERY_MS = 50;

/** Rejects when the store does not answer. */
export async function recentHistory(storage: Storage, clock: Clock): Promise<RecentHistory> {
  const target = await storage.currentRevision();
  let since = Math.max(1, target - HISTORY_REVISIONS_MAX);
  while (since < target) {
    const found = await read(storage, clock, since, target);
    if (found.kind === "read") return found;
    since = found.kind === "compacted" ? found.revision : target;
  }
  return { since: target, changes: [], reached: target };
}

type Reading =
  | ({ readonly kind: "read" } & RecentHistory)
  | { readonly kind: "compacted"; readonly revision: number }
  | { readonly kind: "tooSlow" };

async function read(storage: Storage, clock: Clock, since: number, target: number): Promise<Reading> {
  const changes = new BoundedChanges(since);
  const ended = Promise.withResolvers<Reading>();
  const reach = (revision: number): void => {
    if (revision < target) return;
    ended.resolve({ kind: "read", since: changes.since, changes: changes.kept(), reached: revision });
  };
  const watch = storage.watch(REGISTRY_ROOT, since, {
    events: (events) => {
      changes.add(events);
      reach(changes.reached);
    },
    progress: reach,
    compacted: (revision) => ended.resolve({ kind: "compacted", revision }),
  });
  const late = clock.after(HISTORY_MS_MAX, () => ended.resolve({ kind: "tooSlow" }));
  const over = new AbortController();
  const askForProgress = (): void => {
    if (over.signal.aborted) return;
    watch.requestProgress();
    clock.after(PROGRESS_EVERY_MS, askForProgress);
  };
  askForProgress();
  try {
    return await ended.promise;
  } finally {
    over.abort();
    late.cancel();
    await watch.close();
  }
}

/** Forgets the oldest changes, those of one revision together. */
class BoundedChanges {
  readonly #all: StorageEvent[] = [];
  #first = 0;
  #bytes = 0;
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  /** All changes after this revision are kept. */
  get since(): number {
    return this.#since;
  }

  get reached(): number {
    const last = this.#all.at(-1);
    return last === undefined ? this.#since : revisionOf(last);
  }

  add(events: readonly StorageEvent[]): void {
    for (const event of events) {
      this.#all.push(event);
      this.#bytes += bytesOf(event);
    }
    while (this.#bytes > HISTORY_BYTES_MAX) this.#forget();
    this.#forgetRevision();
  }

  kept(): readonly StorageEvent[] {
    return this.#all.slice(this.#first);
  }

  #forget(): void {
    const event = this.#all[this.#first++];
    if (event === undefined) return;
    this.#bytes -= bytesOf(event);
    this.#since = revisionOf(event);
  }

  /** What is left of a revision that was forgotten in part. */
  #forgetRevision(): void {
    for (let event = this.#all[this.#first]; event !== undefined; event = this.#all[this.#first]) {
      if (revisionOf(event) > this.#since) return;
      this.#forget();
    }
  }
}

export function revisionOf(event: StorageEvent): number {
  return event.type === "put" ? event.item.modRevision : event.revision;
}

function bytesOf(event: StorageEvent): number {
  return event.type === "put" ? event.item.value.length : 0;
}
