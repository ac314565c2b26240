/** Any store with its calls measured, under the names of upstream's `etcd3/metrics`. */
import type { Clock } from "../../shared/process/clock.ts";
import { REGISTRY_ROOT } from "./keys.ts";
import type { Storage } from "./storage.ts";

export interface StorageMetrics {
  /** `etcd_request_duration_seconds`. */
  observe(labels: { readonly operation: string; readonly resource: string }, seconds: number): void;
  /** `etcd_request_errors_total`. */
  countError(labels: { readonly operation: string; readonly resource: string }): void;
}

/** The resource in a key: what stands behind `/registry/`. */
function resourceOf(key: string): string {
  if (!key.startsWith(REGISTRY_ROOT)) return "";
  const end = key.indexOf("/", REGISTRY_ROOT.length);
  return key.slice(REGISTRY_ROOT.length, end < 0 ? undefined : end);
}

export function meterStorage(storage: Storage, metrics: StorageMetrics, clock: Clock): Storage {
  const measure = async <T>(operation: string, key: string, call: () => Promise<T>): Promise<T> => {
    const labels = { operation, resource: resourceOf(key) };
    const startMs = clock.monotonicMs();
    try {
      return await call();
    } catch (error) {
      metrics.countError(labels);
      throw error;
    } finally {
      metrics.observe(labels, (clock.monotonicMs() - startMs) / 1000);
    }
  };
  return {
    ...(storage.tellsWatchesFirst && { tellsWatchesFirst: true }),
    get: (key, options) => measure("get", key, () => storage.get(key, options)),
    range: (prefix, options) => measure("list", prefix, () => storage.range(prefix, options)),
    count: (prefix) => measure("count", prefix, () => storage.count(prefix)),
    create: (key, value, options) => measure("create", key, () => storage.create(key, value, options)),
    update: (key, value, expected, options) =>
      measure("update", key, () => storage.update(key, value, expected, options)),
    delete: (key, expected) => measure("delete", key, () => storage.delete(key, expected)),
    currentRevision: () => measure("getCurrentResourceRV", REGISTRY_ROOT, () => storage.currentRevision()),
    watch: (prefix, fromRevision, sink) => storage.watch(prefix, fromRevision, sink),
    compact: (revision) => measure("compact", REGISTRY_ROOT, () => storage.compact(revision)),
    checkHealth: () => storage.checkHealth(),
    sizeBytes: () => storage.sizeBytes(),
    close: () => storage.close(),
  };
}
