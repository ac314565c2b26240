import { Counter, Gauge, Histogram, Registry } from "../../shared/process/metrics.ts";
import { mergeMetrics } from "./merge-metrics.ts";

function thread(count: number): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "requests_total", help: "h", labelNames: ["verb"], registers }).inc({ verb: "GET" }, count);
  if (count > 1) new Counter({ name: "rare_total", help: "h", registers }).inc(count);
  new Histogram({ name: "seconds", help: "h", buckets: [1, 2], registers }).observe(count);
  new Gauge({ name: "apiserver_storage_objects", help: "h", labelNames: ["resource"], registers }).set(
    { resource: "pods" },
    7,
  );
  new Gauge({ name: "process_resident_memory_bytes", help: "h", registers }).set(1000);
  new Gauge({ name: "nodejs_eventloop_utilization", help: "h", registers }).set(count / 10);
  return registry;
}

describe("mergeMetrics", () => {
  it("adds counts, and takes once what all threads see alike", async () => {
    const threads = await Promise.all([1, 2].map((count) => thread(count).getMetricsAsJSON()));
    const lines = (await mergeMetrics(threads)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.sort()).toEqual(
      [
        'apiserver_storage_objects{resource="pods"} 7',
        "nodejs_eventloop_utilization 0.2",
        "process_resident_memory_bytes 1000",
        "rare_total 2",
        'requests_total{verb="GET"} 3',
        'seconds_bucket{le="+Inf"} 2',
        'seconds_bucket{le="1"} 1',
        'seconds_bucket{le="2"} 2',
        "seconds_count 2",
        "seconds_sum 3",
      ].sort(),
    );
  });
});
