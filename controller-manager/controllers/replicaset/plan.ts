/** How many pods a ReplicaSet must get or lose, and what its status says (upstream: `replica_set.go`). */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { controllerOf, controllerReference } from "../../../shared/machinery/ownership.ts";
import type { pods } from "../../../shared/resources/catalog.ts";
import { replicaSets } from "../../../shared/resources/catalog.ts";
import type { Draft } from "../../../shared/resources/resource.ts";
import { inDeletionOrder } from "../../pods/deletion-order.ts";
import { availableAtMs, isActive } from "../../pods/pod-state.ts";
import { adoption, claim, release } from "../../runtime/claim.ts";
import type { Action, Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_CONTROLLER, ORPHANS } from "../../runtime/shared-informers.ts";
import { replicaSetStatus } from "./status.ts";

type Writes = { readonly pods: typeof pods };
type ReplicaSetWorld = World<ReplicaSet, Writes>;

/** Pods that one plan creates or deletes at most. */
export const BURST_REPLICAS = 500;

export function planReplicaSet(
  replicaSet: ReplicaSet,
  world: ReplicaSetWorld,
  nowMs: number,
): Plan<ReplicaSet, Writes> {
  const { namespace = "", uid = "" } = replicaSet.metadata;
  const own = world.pods.byIndex(BY_CONTROLLER, uid);
  const orphans = world.pods.byIndex(ORPHANS, namespace);
  const found = claim(replicaSet, [...own, ...orphans], selectorOf(replicaSet.spec.selector), isActive);
  const active = found.claimed.filter(isActive);
  const terminating = found.claimed.filter((pod) => pod.metadata.deletionTimestamp !== undefined);
  const isDeleted = replicaSet.metadata.deletionTimestamp !== undefined;
  const count = active.length + found.toAdopt.length;
  const status = replicaSetStatus(replicaSet, active, terminating.length, nowMs);
  return {
    actions: [
      ...found.toAdopt.map((pod) => adoption("pods", pod, replicaSet, replicaSets)),
      ...found.toRelease.map((pod) => release("pods", pod, replicaSet)),
      // Counted again once the adoptions have been seen.
      ...(isDeleted || found.toAdopt.length > 0 ? [] : scaling(replicaSet, active, count, world, nowMs)),
    ],
    status: status(undefined),
    statusAfterFailure: status,
    requeueAfterMs: untilNextAvailable(replicaSet, active, nowMs),
  };
}

function scaling(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  count: number,
  world: ReplicaSetWorld,
  nowMs: number,
): Action<Writes>[] {
  const wanted = replicaSet.spec.replicas ?? 1;
  const missing = Math.min(wanted - count, BURST_REPLICAS);
  if (missing > 0) return Array.from({ length: missing }, () => creation(replicaSet));
  const surplus = Math.min(count - wanted, BURST_REPLICAS);
  if (surplus <= 0) return [];
  return inDeletionOrder(active, relatedPods(replicaSet, world), nowMs).slice(0, surplus).map(deletion);
}

function creation(replicaSet: ReplicaSet): Action<Writes> {
  return {
    verb: "create",
    resource: "pods",
    object: podFrom(replicaSet),
    onSuccess: { type: "Normal", reason: "SuccessfulCreate", message: "Created pod: $name" },
    onFailure: { type: "Warning", reason: "FailedCreate", message: "Error creating: $error" },
  };
}

function deletion(pod: Pod): Action<Writes> {
  return {
    verb: "delete",
    resource: "pods",
    target: pod,
    onSuccess: { type: "Normal", reason: "SuccessfulDelete", message: "Deleted pod: $name" },
    onFailure: { type: "Warning", reason: "FailedDelete", message: "Error deleting: $error" },
  };
}

/** A pod of the template, named by the server. */
function podFrom(replicaSet: ReplicaSet): Draft<Pod> {
  const { metadata = {}, spec = { containers: [] } } = replicaSet.spec.template ?? {};
  const { labels, annotations, finalizers } = metadata;
  return {
    metadata: {
      generateName: `${replicaSet.metadata.name}-`,
      namespace: replicaSet.metadata.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(replicaSet, replicaSets)],
    },
    spec,
  };
}

/** Active pods of all ReplicaSets with the same controller: a rollout evens out nodes over old and new pods. */
function relatedPods(replicaSet: ReplicaSet, { self, pods: podLister }: ReplicaSetWorld): Pod[] {
  const controller = controllerOf(replicaSet);
  const siblings = controller === undefined ? [replicaSet] : self.byIndex(BY_CONTROLLER, controller.uid);
  return siblings.flatMap(({ metadata }) => podLister.byIndex(BY_CONTROLLER, metadata.uid ?? "").filter(isActive));
}

/** Time until a ready pod becomes available without any further event. */
function untilNextAvailable({ spec }: ReplicaSet, active: readonly Pod[], nowMs: number): number | undefined {
  const times = active.map((pod) => availableAtMs(pod, spec.minReadySeconds ?? 0) ?? 0).filter((atMs) => atMs > nowMs);
  return times.length === 0 ? undefined : Math.min(...times) - nowMs;
}
