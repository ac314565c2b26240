/** One page of metrics for a server of several threads: counts are added, what all threads see alike is taken once. */
import { AggregatorRegistry, type Registry } from "../../shared/process/metrics.ts";

/** What `Registry.getMetricsAsJSON` gives: plain data. */
export type MetricValues = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

/** Of the process, or of caches that every thread has: the first thread's value is the server's. */
const ALIKE = new Set([
  "kubernetes_build_info",
  "apiserver_storage_objects",
  "apiserver_storage_size_bytes",
  "apiserver_watch_cache_events_received_total",
  "apiserver_watch_cache_initializations_total",
]);
const ALIKE_PREFIX = "process_";
/** Of a thread, and no sum: the largest tells what is short. */
const LARGEST = new Set(["nodejs_eventloop_utilization"]);

function aggregatorOf(name: string): "first" | "max" | "sum" {
  if (ALIKE.has(name) || name.startsWith(ALIKE_PREFIX)) return "first";
  return LARGEST.has(name) ? "max" : "sum";
}

/** The text that `/metrics` answers; the main thread's values come first. */
export async function mergeMetrics(threads: readonly MetricValues[]): Promise<string> {
  const values = threads.map((metrics) => metrics.map((one) => ({ ...one, aggregator: aggregatorOf(one.name) })));
  return AggregatorRegistry.aggregate(values).metrics();
}
