import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { Action } from "../../runtime/plan.ts";
import { revisionOf } from "./revision.ts";
import type { Writes } from "./scaling.ts";

/** Deletes old ReplicaSets beyond the history limit, the oldest revisions first, none that still has pods. */
export function deleteOldHistory(deployment: Deployment, old: readonly ReplicaSet[]): Action<Writes>[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined) return [];
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = alive.length - limit;
  if (surplus <= 0) return [];
  return alive
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .filter(isEmpty)
    .map((target) => ({ verb: "delete", resource: "replicaSets", target }));
}

/** Told to have no pods, and its controller has seen that and says that there are none. */
function isEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  const isObserved = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
  return spec.replicas === 0 && (status?.replicas ?? 0) === 0 && isObserved;
}
