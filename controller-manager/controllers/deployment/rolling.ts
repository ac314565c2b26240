/** One step of a rolling update (upstream: `rolling.go`). */
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { Action } from "../../runtime/plan.ts";
import { isRollingUpdate, maxSurge, maxUnavailable, wantedReplicas } from "./fenceposts.ts";
import { isScaledUp, type ReplicaSets, specReplicas } from "./replica-sets.ts";
import { resizeIfNeeded, type Writes } from "./scaling.ts";

type Actions = Action<Writes>[];

/** Size of the new ReplicaSet: as large as the surge allows beside all others. */
export function newReplicaSetSize(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
): number {
  const wanted = wantedReplicas(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  const present = newest?.spec.replicas ?? 0;
  const room = wanted + maxSurge(deployment) - specReplicas(all);
  return room <= 0 ? present : present + Math.min(room, wanted - present);
}

/** Grows the new ReplicaSet, or else shrinks the old ones, as far as availability allows. */
export function rollOn(deployment: Deployment, sets: ReplicaSets, newest: ReplicaSet): Actions {
  const wanted = wantedReplicas(deployment);
  const present = newest.spec.replicas ?? 1;
  const size = present > wanted ? wanted : newReplicaSetSize(deployment, sets.all, newest);
  const growth = resizeIfNeeded(deployment, newest, size);
  return growth.length > 0 ? growth : shrinkOld(deployment, sets, newest);
}

function shrinkOld(deployment: Deployment, sets: ReplicaSets, newest: ReplicaSet): Actions {
  const old = sets.old.filter(isScaledUp);
  const minAvailable = wantedReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = (newest.spec.replicas ?? 1) - (newest.status?.availableReplicas ?? 0);
  const limit = specReplicas(sets.all) - minAvailable - newUnavailable;
  if (old.length === 0 || limit <= 0) return [];

  // Pods that are not available go first: nobody misses them, and they would block the rollout.
  const unhealthy = takeFrom(old, limit, (replicaSet) => (replicaSet.spec.replicas ?? 1) - stillAvailable(replicaSet));
  const after = old.map((replicaSet, index) => (replicaSet.spec.replicas ?? 1) - (unhealthy[index] ?? 0));
  const available = [...old, newest].reduce((sum, replicaSet) => sum + stillAvailable(replicaSet), 0);
  const healthy = takeFrom(old, Math.max(0, available - minAvailable), (_, index) => after[index] ?? 0);
  return old.flatMap((replicaSet, index) =>
    resizeIfNeeded(deployment, replicaSet, (after[index] ?? 0) - (healthy[index] ?? 0)),
  );
}

/**
 * Available pods once the ReplicaSet has the size it was told to have. Its status may be from before it was told:
 * counting the pods that are about to go would take too many from the others.
 */
function stillAvailable({ spec, status }: ReplicaSet): number {
  return Math.min(spec.replicas ?? 1, status?.availableReplicas ?? 0);
}

/** How many pods to take from each ReplicaSet, oldest first: at most what `available` says, `limit` in all. */
function takeFrom(
  replicaSets: readonly ReplicaSet[],
  limit: number,
  available: (replicaSet: ReplicaSet, index: number) => number,
): number[] {
  let left = limit;
  return replicaSets.map((replicaSet, index) => {
    const taken = Math.max(0, Math.min(left, available(replicaSet, index)));
    left -= taken;
    return taken;
  });
}
