import { Counter, Gauge, Histogram, type Registry } from "../shared/process/metrics.ts";

const powersOfTwo = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start * 2 ** index);

/** Sizes that are taken when somebody asks for metrics. */
export interface SchedulerSizes {
  readonly queues: Readonly<Record<string, number>>;
  readonly cache: Readonly<Record<string, number>>;
}

/** Metrics of the scheduler, with upstream's names (`pkg/scheduler/metrics/metrics.go`). */
export function createSchedulerMetrics(registry: Registry, sizes: () => SchedulerSizes) {
  const registers = [registry];
  new Gauge({
    name: "scheduler_pending_pods",
    help: "Number of pending pods, by the queue type.",
    labelNames: ["queue"],
    registers,
    collect() {
      for (const [queue, size] of Object.entries(sizes().queues)) this.set({ queue }, size);
    },
  });
  new Gauge({
    name: "scheduler_scheduler_cache_size",
    help: "Number of nodes, pods, and assumed (bound) pods in the scheduler cache.",
    labelNames: ["type"],
    registers,
    collect() {
      for (const [type, size] of Object.entries(sizes().cache)) this.set({ type }, size);
    },
  });
  return {
    attempts: new Counter({
      name: "scheduler_schedule_attempts_total",
      help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
      labelNames: ["result", "profile"],
      registers,
    }),
    attemptDuration: new Histogram({
      name: "scheduler_scheduling_attempt_duration_seconds",
      help: "Scheduling attempt latency in seconds (scheduling algorithm + binding)",
      labelNames: ["result", "profile"],
      buckets: powersOfTwo(0.001, 15),
      registers,
    }),
    algorithmDuration: new Histogram({
      name: "scheduler_scheduling_algorithm_duration_seconds",
      help: "Scheduling algorithm latency in seconds",
      buckets: powersOfTwo(0.001, 15),
      registers,
    }),
    sliDuration: new Histogram({
      name: "scheduler_pod_scheduling_sli_duration_seconds",
      help: "E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.",
      labelNames: ["attempts"],
      buckets: powersOfTwo(0.01, 20),
      registers,
    }),
    podAttempts: new Histogram({
      name: "scheduler_pod_scheduling_attempts",
      help: "Number of attempts to successfully schedule a pod.",
      buckets: powersOfTwo(1, 5),
      registers,
    }),
    incoming: new Counter({
      name: "scheduler_queue_incoming_pods_total",
      help: "Number of pods added to scheduling queues by event and queue type.",
      labelNames: ["queue", "event"],
      registers,
    }),
    leading: new Gauge({
      name: "leader_election_master_status",
      help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.",
      labelNames: ["name"],
      registers,
    }),
  };
}

export type SchedulerMetrics = ReturnType<typeof createSchedulerMetrics>;
