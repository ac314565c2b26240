import { Counter, Gauge, Histogram, type Registry } from "../shared/process/metrics.ts";

const range = (start: number, width: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index * width);
/** Upstream's buckets of `kubeproxy_network_programming_duration_seconds`. */
const PROGRAMMING_BUCKETS = [...range(0.25, 0.25, 2), ...range(1, 1, 59), ...range(60, 5, 12), ...range(120, 30, 7)];
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);

/** Metrics of the proxy, with upstream's names (`pkg/proxy/metrics/metrics.go`). */
export function createProxyMetrics(registry: Registry) {
  const registers = [registry];
  return {
    syncDuration: new Histogram({
      name: "kubeproxy_sync_proxy_rules_duration_seconds",
      help: "SyncProxyRules latency in seconds",
      buckets: SYNC_BUCKETS,
      registers,
    }),
    programmingDuration: new Histogram({
      name: "kubeproxy_network_programming_duration_seconds",
      help: "In Cluster Network Programming Latency in seconds",
      buckets: PROGRAMMING_BUCKETS,
      registers,
    }),
    lastSync: new Gauge({
      name: "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
      help: "The last time proxy rules were successfully synced",
      registers,
    }),
    lastQueued: new Gauge({
      name: "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
      help: "The last time a sync of proxy rules was queued",
      registers,
    }),
    restoreFailures: new Counter({
      name: "kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
      help: "Cumulative proxy iptables restore failures",
      registers,
    }),
    rules: new Gauge({
      name: "kubeproxy_sync_proxy_rules_iptables_total",
      help: "Total number of iptables rules owned by kube-proxy",
      labelNames: ["table"],
      registers,
    }),
    endpointChanges: new Counter({
      name: "kubeproxy_sync_proxy_rules_endpoint_changes_total",
      help: "Cumulative proxy rules Endpoint changes",
      registers,
    }),
    serviceChanges: new Counter({
      name: "kubeproxy_sync_proxy_rules_service_changes_total",
      help: "Cumulative proxy rules Service changes",
      registers,
    }),
    fullSyncs: new Counter({
      name: "kubeproxy_sync_full_proxy_rules_total",
      help: "Syncs that wrote every chain",
      registers,
    }),
    staleFlows: new Counter({
      name: "kubeproxy_conntrack_reconciler_deleted_entries_total",
      help: "Cumulative conntrack flows deleted by conntrack reconciler",
      registers,
    }),
  };
}

export type ProxyMetrics = ReturnType<typeof createProxyMetrics>;
