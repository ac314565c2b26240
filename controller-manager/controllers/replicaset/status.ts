/** The status of a ReplicaSet (upstream: `replica_set_utils.go`). */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { ReplicaSet, ReplicaSetStatus } from "../../../shared/api/generated/apps/v1.ts";
import { findCondition, removeCondition } from "../../../shared/machinery/conditions.ts";
import { isAvailable, isReady } from "../../pods/pod-state.ts";
import type { ActionFailure } from "../../runtime/plan.ts";
import { timestamp } from "../../runtime/timestamp.ts";

const REPLICA_FAILURE = "ReplicaFailure";

/** Gives the status for a plan that went well (`undefined`), or for its first failure. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  terminatingReplicas: number,
  nowMs: number,
): (failure: ActionFailure | undefined) => ReplicaSetStatus {
  const templateLabels = Object.entries(replicaSet.spec.template?.metadata?.labels ?? {});
  const isFullyLabeled = (pod: Pod): boolean =>
    templateLabels.every(([key, value]) => pod.metadata.labels?.[key] === value);
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const counts = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(isFullyLabeled).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    terminatingReplicas,
    observedGeneration: replicaSet.metadata.generation,
  };
  return (failure) => {
    const conditions = conditionsAfter(replicaSet, failure, nowMs);
    return { ...withoutZeroes(counts), replicas: counts.replicas, ...(conditions.length === 0 ? {} : { conditions }) };
  };
}

function conditionsAfter(replicaSet: ReplicaSet, failure: ActionFailure | undefined, nowMs: number) {
  const present = replicaSet.status?.conditions;
  if (failure === undefined) return removeCondition(present, REPLICA_FAILURE);
  // The first failure stands until it is over: its time tells since when.
  if (findCondition(present, REPLICA_FAILURE) !== undefined) return present ?? [];
  const reason = failure.verb === "delete" ? "FailedDelete" : "FailedCreate";
  const { message } = failure;
  return [
    ...(present ?? []),
    { type: REPLICA_FAILURE, status: "True", reason, message, lastTransitionTime: timestamp(nowMs) },
  ];
}

/** As Go leaves out zero numbers (`omitempty`), except those it knows to be set. */
function withoutZeroes(counts: Omit<ReplicaSetStatus, "conditions">): Omit<ReplicaSetStatus, "conditions"> {
  const kept = Object.entries(counts).filter(([key, value]) => value !== 0 || key === "terminatingReplicas");
  return { ...Object.fromEntries(kept), replicas: counts.replicas };
}
