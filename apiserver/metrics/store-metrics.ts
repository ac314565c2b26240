import { Counter, Gauge, Histogram, type Registry } from "../../shared/process/metrics.ts";
import type { WatchMetrics } from "../handlers/watch.ts";
import type { StorageMetrics } from "../storage/metered-storage.ts";
import type { Storage } from "../storage/storage.ts";
import type { CacheMetrics } from "../watch-cache/cache-metrics.ts";

export interface StoreMetrics {
  readonly cache: CacheMetrics;
  readonly watchEvents: WatchMetrics;
  readonly storage: StorageMetrics;
}

/** Upstream's buckets of `etcd_request_duration_seconds`. */
const STORE_SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** Metrics of the store, the watch caches and the watches, under upstream's names (`storage/{etcd3,cacher}/metrics`). */
export function createStoreMetrics(registry: Registry, storage: Storage): StoreMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) => new Gauge({ name, help, labelNames, registers });
  new Gauge({
    name: "apiserver_storage_size_bytes",
    help: "Size of the store.",
    registers,
    async collect() {
      // A store that does not answer has no size; the other metrics must still be served.
      const bytes = await storage.sizeBytes().catch(() => undefined);
      if (bytes === undefined) this.reset();
      else this.set(bytes);
    },
  });
  const labelNames = ["operation", "resource"];
  const duration = new Histogram({
    name: "etcd_request_duration_seconds",
    help: "Time of calls to the store, whichever it is.",
    labelNames,
    buckets: STORE_SECONDS,
    registers,
  });
  const errors = counter("etcd_request_errors_total", "Calls to the store that failed.", labelNames);
  return {
    storage: {
      observe: (labels, seconds) => duration.observe(labels, seconds),
      countError: (labels) => errors.inc(labels),
    },
    cache: {
      objects: gauge("apiserver_storage_objects", "Stored objects by resource.", ["resource"]),
      watchers: gauge("apiserver_registered_watchers", "Watches that are open.", ["resource"]),
      terminatedWatchers: counter(
        "apiserver_terminated_watchers_total",
        "Watches that were ended because they were too slow.",
        ["resource"],
      ),
      eventsReceived: counter("apiserver_watch_cache_events_received_total", "Changes that the caches received.", [
        "resource",
      ]),
      initializations: counter("apiserver_watch_cache_initializations_total", "Loads of the caches.", ["resource"]),
    },
    watchEvents: counter("apiserver_watch_events_total", "Events sent to watches.", ["group", "version", "kind"]),
  };
}
