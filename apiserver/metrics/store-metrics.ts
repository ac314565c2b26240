import { Counter, Gauge, type Registry } from "../../shared/process/metrics.ts";
import type { WatchMetrics } from "../handlers/watch.ts";
import type { CacheMetrics } from "../watch-cache/cache-metrics.ts";

export interface StoreMetrics {
  readonly cache: CacheMetrics;
  readonly watchEvents: WatchMetrics;
}

/** Metrics of the watch caches and the watches, under upstream's names (`storage/cacher/metrics`). */
export function createStoreMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) => new Gauge({ name, help, labelNames, registers });
  return {
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
