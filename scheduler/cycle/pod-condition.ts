import type { Pod, PodCondition } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { type Clock, rfc3339 } from "../../shared/process/clock.ts";
import { pods } from "../../shared/resources/catalog.ts";

/** What the pod says of its own scheduling. */
export interface SchedulingCondition {
  readonly reason: "Unschedulable" | "SchedulerError" | "SchedulingGated";
  readonly message: string;
}

const conditionOf = (pod: Pod): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === "PodScheduled");

/** Writes `PodScheduled: False`, unless it says so already. A pod that is gone is no error. */
export async function writeCondition(
  client: ApiClient,
  clock: Clock,
  pod: Pod,
  { reason, message }: SchedulingCondition,
): Promise<void> {
  const known = conditionOf(pod);
  if (known?.status === "False" && known.reason === reason && known.message === message) return;
  const lastTransitionTime = known?.status === "False" ? known.lastTransitionTime : rfc3339(clock.nowMs());
  const condition = { type: "PodScheduled", status: "False", reason, message, lastProbeTime: null, lastTransitionTime };
  const at = { namespace: pod.metadata.namespace, name: pod.metadata.name };
  const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  try {
    await client.patch(pods, at, "strategic", patch, { subresource: "status" });
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}
