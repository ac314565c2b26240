/** What the store itself says happened: read beside the apiserver, and the measure of what its watches told. */
import type { Storage, StorageEvent } from "../../apiserver/storage/storage.ts";

export interface StoredChange {
  readonly key: string;
  readonly revision: number;
  /** ADDED, MODIFIED or DELETED, as a watch that sees every object says it. */
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every change below `prefix` after `fromRevision`, up to the first one of the key `last`. */
export async function historyOf(
  storage: Storage,
  prefix: string,
  fromRevision: number,
  last: string,
): Promise<StoredChange[]> {
  const events: StorageEvent[] = [];
  const keyOf = (event: StorageEvent): string => (event.type === "put" ? event.item.key : event.key);
  const ended = Promise.withResolvers<void>();
  const watch = storage.watch(prefix, fromRevision, {
    events: (batch) => {
      events.push(...batch);
      if (batch.some((event) => keyOf(event) === last)) ended.resolve();
    },
    progress: () => undefined,
    compacted: (revision) => ended.reject(new Error(`history before ${revision} is gone`)),
  });
  try {
    await ended.promise;
  } finally {
    await watch.close();
  }
  return changesOf(events.slice(0, events.findIndex((event) => keyOf(event) === last) + 1));
}

function revisionOf(event: StorageEvent): number {
  return event.type === "put" ? event.item.modRevision : event.revision;
}

function changesOf(events: readonly StorageEvent[]): StoredChange[] {
  const labelsOfKey = new Map<string, Readonly<Record<string, string>>>();
  return events.map((event): StoredChange => {
    const revision = revisionOf(event);
    if (event.type === "delete") {
      return { key: event.key, revision, type: "DELETED", labels: labelsOfKey.get(event.key) ?? {} };
    }
    const { key, value, createRevision } = event.item;
    const object = JSON.parse(value.toString("utf8")) as { metadata: { labels?: Record<string, string> } };
    const labels = object.metadata.labels ?? {};
    labelsOfKey.set(key, labels);
    return { key, revision, type: createRevision === revision ? "ADDED" : "MODIFIED", labels };
  });
}
