/** Where the caches are filled from: the store, or what another thread has read of it already. */
import { REGISTRY_ROOT } from "../storage/keys.ts";
import type { Storage, StorageWatch, StoredValue, WatchSink } from "../storage/storage.ts";

export interface CacheContents {
  readonly items: readonly StoredValue[];
  readonly revision: number;
}

export interface CacheSource {
  /** Everything at one revision. */
  load(): Promise<CacheContents>;
  /** Every change after that revision; called once after each load, in the same turn in which it was applied. */
  watch(fromRevision: number, sink: WatchSink): StorageWatch;
}

/** One read of the load; bounds the size of a message of the store. */
const LOAD_PAGE_ITEMS = 500;

export function storeSource(storage: Storage): CacheSource {
  return {
    load: async () => {
      const items: StoredValue[] = [];
      let page = await storage.range(REGISTRY_ROOT, { limit: LOAD_PAGE_ITEMS });
      const { revision } = page;
      items.push(...page.items);
      while (page.hasMore) {
        const after = page.items.at(-1)?.key ?? "";
        page = await storage.range(REGISTRY_ROOT, { limit: LOAD_PAGE_ITEMS, after, revision });
        items.push(...page.items);
      }
      return { items, revision };
    },
    watch: (fromRevision, sink) => storage.watch(REGISTRY_ROOT, fromRevision, sink),
  };
}
