/** Why pods wait, as data: what `/debug/why` answers. */
import type { ReasonCount } from "./framework/diagnosis.ts";
import { unschedulableMessage } from "./framework/diagnosis.ts";
import type { Scheduler } from "./cycle/scheduler.ts";
import type { QueueName, SchedulingQueue } from "./queue/scheduling-queue.ts";

export interface WaitingPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly queue: QueueName;
  readonly attempts: number;
  /** Upstream's message of the last attempt; empty before the first. */
  readonly message: string;
  readonly nodes: number;
  /** Each reason with how many nodes it holds for, and the numbers of the first of them. */
  readonly reasons: readonly ReasonCount[];
}

export function waitingPods(queue: SchedulingQueue, scheduler: Scheduler): WaitingPod[] {
  return [...queue.entries()].map(([name, { pod, attempts }]) => {
    const diagnosis = scheduler.diagnosisOf(pod);
    return {
      namespace: pod.metadata.namespace ?? "",
      name: pod.metadata.name,
      uid: pod.metadata.uid ?? "",
      queue: name,
      attempts,
      message: diagnosis === undefined ? "" : unschedulableMessage(pod, diagnosis),
      nodes: diagnosis?.nodes ?? 0,
      reasons: diagnosis?.reasons ?? [],
    };
  });
}
