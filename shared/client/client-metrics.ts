import { Counter, Histogram, type Registry } from "../process/metrics.ts";
import type { ApiClientOptions } from "./http-client.ts";

const DURATION_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** The hook for `createApiClient` that keeps `rest_client_requests_total` and the duration histogram. */
export function clientMetrics(registry: Registry): NonNullable<ApiClientOptions["onRequest"]> {
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Number of HTTP requests, partitioned by status code, method, and host.",
    labelNames: ["code", "method", "host"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "Request latency in seconds. Broken down by verb, and host.",
    labelNames: ["verb", "host"],
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [registry],
  });
  return ({ method, host, code, durationMs }) => {
    requests.inc({ code, method, host });
    durations.observe({ verb: method, host }, durationMs / 1000);
  };
}
