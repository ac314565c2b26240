/** Resizing the ReplicaSets of a Deployment (upstream: `sync.go` `scale`, `deployment_util.go`). */
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { pods, replicaSets } from "../../../shared/resources/catalog.ts";
import type { deployments } from "../../../shared/resources/catalog.ts";
import type { Action } from "../../runtime/plan.ts";
import { isRollingUpdate, maxSurge, wantedReplicas } from "./fenceposts.ts";
import { isScaledUp, oldestFirst, type ReplicaSets, specReplicas } from "./replica-sets.ts";
import { DESIRED_REPLICAS, integerAt, MAX_REPLICAS, sizeAnnotations } from "./revision.ts";

export type Reads = { readonly replicaSets: typeof replicaSets; readonly pods: typeof pods };
export type Writes = { readonly replicaSets: typeof replicaSets; readonly deployments: typeof deployments };
type Actions = Action<Writes>[];

/** Gives `replicaSet` the size and the annotations for it; nothing when it has both. */
export function resize(deployment: Deployment, replicaSet: ReplicaSet, size: number): Actions {
  const present = replicaSet.spec.replicas ?? 1;
  const wanted = sizeAnnotations(deployment);
  const { annotations } = replicaSet.metadata;
  const isAnnotated = Object.entries(wanted).every(([key, value]) => annotations?.[key] === value);
  if (present === size && isAnnotated) return [];
  const { name } = replicaSet.metadata;
  const direction = size > present ? "up" : "down";
  return [
    {
      verb: "update",
      resource: "replicaSets",
      object: {
        ...replicaSet,
        metadata: { ...replicaSet.metadata, annotations: { ...annotations, ...wanted } },
        spec: { ...replicaSet.spec, replicas: size },
      },
      ...(present === size
        ? {}
        : {
            onSuccess: {
              type: "Normal",
              reason: "ScalingReplicaSet",
              message: `Scaled ${direction} replica set ${name} from ${present} to ${size}`,
            },
          }),
    },
  ];
}

/** Gives `replicaSet` the size, unless it has it already. */
export function resizeIfNeeded(deployment: Deployment, replicaSet: ReplicaSet, size: number): Actions {
  return (replicaSet.spec.replicas ?? 1) === size ? [] : resize(deployment, replicaSet, size);
}

/** True when the Deployment was given another size since its ReplicaSets were scaled last. */
export function isScalingEvent(deployment: Deployment, { all }: ReplicaSets): boolean {
  return all.filter(isScaledUp).some(({ metadata }) => {
    const desired = integerAt(metadata.annotations, DESIRED_REPLICAS);
    return desired !== undefined && desired !== wantedReplicas(deployment);
  });
}

/**
 * Spreads a change of size over the ReplicaSets: onto the only active one, onto the new one when it is complete, and
 * in the middle of a rollout onto all in proportion to their size.
 */
export function scale(deployment: Deployment, sets: ReplicaSets): Actions {
  const wanted = wantedReplicas(deployment);
  const active = sets.all.filter(isScaledUp);
  const only = active.length > 1 ? undefined : (active[0] ?? sets.newest ?? sets.old.at(-1));
  if (only !== undefined) return resizeIfNeeded(deployment, only, wanted);
  if (isSaturated(deployment, sets.newest)) {
    return sets.old.filter(isScaledUp).flatMap((replicaSet) => resize(deployment, replicaSet, 0));
  }
  return isRollingUpdate(deployment) ? scaleProportionally(deployment, active) : [];
}

/** The new ReplicaSet has all its pods available. */
function isSaturated(deployment: Deployment, newest: ReplicaSet | undefined): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    newest !== undefined &&
    newest.spec.replicas === wanted &&
    integerAt(newest.metadata.annotations, DESIRED_REPLICAS) === wanted &&
    (newest.status?.availableReplicas ?? 0) === wanted
  );
}

function scaleProportionally(deployment: Deployment, active: readonly ReplicaSet[]): Actions {
  const wanted = wantedReplicas(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - specReplicas(active);
  const ordered = largestFirst(active, toAdd > 0);
  let added = 0;
  const sizes = ordered.map((replicaSet) => {
    const share = toAdd === 0 ? 0 : shareOf(deployment, replicaSet, toAdd, added);
    added += share;
    return (replicaSet.spec.replicas ?? 1) + share;
  });
  // What rounding left over goes to the largest.
  sizes[0] = Math.max(0, (sizes[0] ?? 0) + (toAdd === 0 ? 0 : toAdd - added));
  return ordered.flatMap((replicaSet, index) => resize(deployment, replicaSet, sizes[index] ?? 0));
}

/** Among equals the newer comes first when growing, the older when shrinking. */
function largestFirst(replicaSets: readonly ReplicaSet[], isGrowing: boolean): ReplicaSet[] {
  const byAge = oldestFirst(replicaSets);
  const tieOrder = isGrowing ? byAge.toReversed() : byAge;
  return tieOrder.toSorted((a, b) => (b.spec.replicas ?? 1) - (a.spec.replicas ?? 1));
}

function shareOf(deployment: Deployment, replicaSet: ReplicaSet, toAdd: number, added: number): number {
  if ((replicaSet.spec.replicas ?? 1) === 0 || toAdd === added) return 0;
  const fraction = fractionOf(deployment, replicaSet);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

/** What the ReplicaSet would gain or lose if all kept their proportion. */
function fractionOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = replicaSet.spec.replicas ?? 1;
  const wanted = wantedReplicas(deployment);
  if (wanted === 0) return -size;
  const maxBefore = integerAt(replicaSet.metadata.annotations, MAX_REPLICAS) ?? 0;
  const before = maxBefore > 0 ? maxBefore : (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((size * (wanted + maxSurge(deployment))) / before) - size;
}
