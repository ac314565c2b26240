import { Counter, Gauge, Histogram, type Registry } from "../process/metrics.ts";
import type { WorkQueueObserver } from "./work-queue.ts";

/** From ten nanoseconds to 1000 seconds, as component-base. */
const DURATION_BUCKETS_SECONDS = Array.from({ length: 12 }, (_, exponent) => 10 ** (exponent - 8));

/** Gives each queue of the process, by its name, the observer that keeps the `workqueue_*` metrics. */
export function queueMetrics(registry: Registry): (name: string) => WorkQueueObserver {
  const registers = [registry];
  const labelNames = ["name"] as const;
  const depth = new Gauge({ name: "workqueue_depth", help: "Current depth of workqueue", labelNames, registers });
  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Total number of adds handled by workqueue",
    labelNames,
    registers,
  });
  const retries = new Counter({
    name: "workqueue_retries_total",
    help: "Total number of retries handled by workqueue",
    labelNames,
    registers,
  });
  const buckets = DURATION_BUCKETS_SECONDS;
  const waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long in seconds an item stays in workqueue before being requested.",
    labelNames,
    buckets,
    registers,
  });
  const works = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long in seconds processing an item from workqueue takes.",
    labelNames,
    buckets,
    registers,
  });
  return (name) => {
    depth.set({ name }, 0);
    adds.inc({ name }, 0);
    return {
      onAdd: (waiting) => {
        adds.inc({ name });
        depth.set({ name }, waiting);
      },
      onGet: (waiting, waitMs) => {
        depth.set({ name }, waiting);
        waits.observe({ name }, waitMs / 1000);
      },
      onDone: (workMs) => works.observe({ name }, workMs / 1000),
      onRetry: () => retries.inc({ name }),
    };
  };
}
