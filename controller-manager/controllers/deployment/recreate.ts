/** One step of the strategy Recreate: all old pods end before the first new one starts (upstream: `recreate.go`). */
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { isFinished } from "../../pods/pod-state.ts";
import type { Action } from "../../runtime/plan.ts";
import { isScaledUp, type ReplicaSets } from "./replica-sets.ts";
import { resize, type Writes } from "./scaling.ts";

/** Takes all pods from the old ReplicaSets. */
export function shrinkOld(deployment: Deployment, sets: ReplicaSets): Action<Writes>[] {
  return sets.old.filter(isScaledUp).flatMap((replicaSet) => resize(deployment, replicaSet, 0));
}

/** True while a pod of an old ReplicaSet may still run, also one that is ending. */
export function areOldPodsRunning(sets: ReplicaSets, podsOf: (replicaSet: ReplicaSet) => readonly Pod[]): boolean {
  return sets.old.some(
    (replicaSet) => (replicaSet.status?.replicas ?? 0) > 0 || podsOf(replicaSet).some((pod) => !isFinished(pod)),
  );
}
