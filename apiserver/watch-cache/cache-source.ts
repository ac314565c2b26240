/** Where the caches are filled from: the store, or what another thread has read of it already. */
import type { Clock } from "../../shared/process/clock.ts";
import { REGISTRY_ROOT } from "../storage/keys.ts";
import type { Storage, StorageEvent, StorageWatch, StoredValue, WatchSink } from "../storage/storage.ts";
import { recentHistory } from "./recent-history.ts";
import { replaceEach, wireBytes } from "./wire-form.ts";

export interface CacheContents {
  /** Everything at `revision`, for whoever asked: nobody else looks at the array. */
  readonly items: StoredValue[];
  readonly revision: number;
  /** What is known to have happened after it, in order: watches may start in between. */
  readonly changes: readonly StorageEvent[];
  /** Items and changes together are everything up to here. */
  readonly reached: number;
}

export interface CacheSource {
  load(): Promise<CacheContents>;
  /** Every change after that revision; called once after each load, in the same turn in which it was applied. */
  watch(fromRevision: number, sink: WatchSink): StorageWatch;
}

export function storeSource(storage: Storage, clock: Clock): CacheSource {
  return {
    load: async () => {
      const { since, changes, reached } = await recentHistory(storage, clock);
      const { items } = await storage.range(REGISTRY_ROOT, { revision: since });
      replaceEach(items, (item) => ({ ...item, value: wireBytes(item) }));
      return { items, revision: since, changes, reached };
    },
    watch: (fromRevision, sink) => storage.watch(REGISTRY_ROOT, fromRevision, sink),
  };
}
