/**
 * What a Deployment needs next (upstream: `deployment_controller.go` `syncDeployment`). Stages, of which the first
 * that has something to do decides: adoption, deletion, pause, scaling, rollout by strategy, history.
 */
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from "../../../shared/api/generated/apps/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { findCondition } from "../../../shared/machinery/conditions.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { isControlledBy } from "../../../shared/machinery/ownership.ts";
import { deployments } from "../../../shared/resources/catalog.ts";
import { adoption, claim, release } from "../../runtime/claim.ts";
import type { Action, Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_CONTROLLER, ORPHANS } from "../../runtime/shared-informers.ts";
import { deleteOldHistory } from "./cleanup.ts";
import { isRollingUpdate, wantedReplicas } from "./fenceposts.ts";
import { areOldPodsRunning, shrinkOld } from "./recreate.ts";
import { hasSameTemplate, newReplicaSet, newReplicaSetName, type ReplicaSets, sortOut } from "./replica-sets.ts";
import { maxRevision, newReplicaSetAnnotations, REVISION, revisionOf } from "./revision.ts";
import { newReplicaSetSize, rollOn } from "./rolling.ts";
import { isScalingEvent, type Reads, resizeIfNeeded, scale, type Writes } from "./scaling.ts";
import {
  countedStatus,
  hasProgressDeadline,
  isComplete,
  progressingCondition,
  rolloutStatus,
  untilDeadlineMs,
  withCondition,
} from "./status.ts";

type DeploymentWorld = World<Deployment, Reads>;
type DeploymentPlan = Plan<Deployment, Writes>;

export function planDeployment(deployment: Deployment, world: DeploymentWorld, nowMs: number): DeploymentPlan {
  const selector = selectorOf(deployment.spec.selector);
  if (selector.isEverything) return refuseToSelectAll(deployment);
  const { uid = "", namespace = "" } = deployment.metadata;
  const candidates = [
    ...world.replicaSets.byIndex(BY_CONTROLLER, uid),
    ...world.replicaSets.byIndex(ORPHANS, namespace),
  ];
  const found = claim(deployment, candidates, selector);
  const claims: Action<Writes>[] = [
    ...found.toAdopt.map((replicaSet) => adoption("replicaSets", replicaSet, deployment, deployments)),
    ...found.toRelease.map((replicaSet) => release("replicaSets", replicaSet, deployment)),
  ];
  // Everything else is counted anew once these have been seen.
  if (claims.length > 0) return { actions: claims };
  const sets = sortOut(deployment, found.claimed);
  const conditions = pauseConditions(deployment, nowMs);
  if (deployment.metadata.deletionTimestamp !== undefined) {
    return { actions: [], status: countedStatus(deployment, sets, conditions, nowMs) };
  }
  if (deployment.spec.paused === true || isScalingEvent(deployment, sets))
    return planScaling(deployment, sets, conditions, nowMs);
  return planRollout(deployment, sets, conditions, world, nowMs);
}

function refuseToSelectAll(deployment: Deployment): DeploymentPlan {
  const message = "This deployment is selecting all pods. A non-empty selector is required.";
  return {
    actions: [],
    events: [{ type: "Warning", reason: "SelectingAll", message }],
    status: { ...deployment.status, observedGeneration: deployment.metadata.generation },
  };
}

/** Says that the Deployment was paused or resumed, so that the deadline does not count the pause. */
function pauseConditions(deployment: Deployment, nowMs: number): readonly DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? [];
  const present = findCondition(conditions, "Progressing");
  if (!hasProgressDeadline(deployment) || present?.reason === "ProgressDeadlineExceeded") return conditions;
  const isMarked = present?.reason === "DeploymentPaused";
  const isPaused = deployment.spec.paused === true;
  if (isPaused === isMarked) return conditions;
  const [reason, message] = isPaused
    ? ["DeploymentPaused", "Deployment is paused"]
    : ["DeploymentResumed", "Deployment is resumed"];
  return withCondition(conditions, progressingCondition("Unknown", reason, message, nowMs));
}

function planScaling(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): DeploymentPlan {
  const resized = scale(deployment, sets);
  const history = deployment.spec.paused === true && resized.length === 0 ? deleteOldHistory(deployment, sets.old) : [];
  return {
    actions: [...revisionUpdates(deployment, sets), ...unlessUpdated(deployment, sets, resized), ...history],
    status: countedStatus(deployment, sets, conditions, nowMs),
  };
}

function planRollout(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: readonly DeploymentCondition[],
  world: DeploymentWorld,
  nowMs: number,
): DeploymentPlan {
  const { newest } = sets;
  if (newest === undefined) return planNewReplicaSet(deployment, sets, conditions, world, nowMs);
  const isNews = hasProgressDeadline(deployment) && findCondition(conditions, "Progressing") === undefined;
  const message = `Found new replica set "${newest.metadata.name}"`;
  const known = isNews
    ? withCondition(conditions, progressingCondition("True", "FoundNewReplicaSet", message, nowMs))
    : conditions;
  const status = rolloutStatus(deployment, sets, known, nowMs);
  const updates = revisionUpdates(deployment, sets);
  const steps = updates.length > 0 ? [] : strategySteps(deployment, sets, newest, status, world);
  return { actions: [...updates, ...steps], status, requeueAfterMs: untilDeadlineMs(deployment, status, nowMs) };
}

function strategySteps(
  deployment: Deployment,
  sets: ReplicaSets,
  newest: ReplicaSet,
  status: DeploymentStatus,
  world: DeploymentWorld,
): Action<Writes>[] {
  const steps = isRollingUpdate(deployment)
    ? rollOn(deployment, sets, newest)
    : recreateSteps(deployment, sets, newest, world);
  if (steps.length > 0) return steps;
  return isRollingUpdate(deployment) || isComplete(deployment, status) ? deleteOldHistory(deployment, sets.old) : [];
}

function recreateSteps(
  deployment: Deployment,
  sets: ReplicaSets,
  newest: ReplicaSet,
  world: DeploymentWorld,
): Action<Writes>[] {
  const shrinking = shrinkOld(deployment, sets);
  if (shrinking.length > 0 || arePodsInTheWay(sets, world)) return shrinking;
  return resizeIfNeeded(deployment, newest, wantedReplicas(deployment));
}

function arePodsInTheWay(sets: ReplicaSets, world: DeploymentWorld): boolean {
  return areOldPodsRunning(sets, ({ metadata }) => world.pods.byIndex(BY_CONTROLLER, metadata.uid ?? ""));
}

/** Creates the ReplicaSet of a new template, or counts a collision when its name is taken by another. */
function planNewReplicaSet(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: readonly DeploymentCondition[],
  world: DeploymentWorld,
  nowMs: number,
): DeploymentPlan {
  if (!isRollingUpdate(deployment)) {
    const shrinking = shrinkOld(deployment, sets);
    const isWaiting = shrinking.length > 0 || arePodsInTheWay(sets, world);
    if (isWaiting) return { actions: shrinking, status: rolloutStatus(deployment, sets, conditions, nowMs) };
  }
  const name = newReplicaSetName(deployment);
  const taken = world.replicaSets.get(deployment.metadata.namespace, name);
  if (taken !== undefined && !isOurs(deployment, taken)) return countCollision(deployment, sets, conditions, nowMs);
  const revision = maxRevision(sets.old) + 1;
  const size = newReplicaSetSize(deployment, sets.all, undefined);
  const isWatched = hasProgressDeadline(deployment);
  const createdMessage = `Created new replica set "${name}"`;
  const created = isWatched
    ? withCondition(conditions, progressingCondition("True", "NewReplicaSetCreated", createdMessage, nowMs))
    : conditions;
  const scaledUp = {
    type: "Normal",
    reason: "ScalingReplicaSet",
    message: `Scaled up replica set $name from 0 to ${size}`,
  } as const;
  return {
    actions: [
      {
        verb: "create",
        resource: "replicaSets",
        object: newReplicaSet(deployment, size, revision),
        onSuccess: size > 0 ? scaledUp : undefined,
        onFailure: {
          type: "Warning",
          reason: "ReplicaSetCreateError",
          message: `Failed to create new replica set "${name}": $error`,
        },
      },
      ...deploymentRevision(deployment, revision),
    ],
    status: countedStatus(deployment, sets, created, nowMs),
    statusAfterFailure: (failure) => {
      const message = `Failed to create new replica set "${name}": ${failure.message}`;
      const failed = isWatched
        ? withCondition(conditions, progressingCondition("False", "ReplicaSetCreateError", message, nowMs))
        : conditions;
      return countedStatus(deployment, sets, failed, nowMs);
    },
  };
}

function isOurs(deployment: Deployment, replicaSet: ReplicaSet): boolean {
  return isControlledBy(replicaSet, deployment) && hasSameTemplate(replicaSet.spec.template, deployment.spec.template);
}

function countCollision(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): DeploymentPlan {
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  return { actions: [], status: { ...countedStatus(deployment, sets, conditions, nowMs), collisionCount } };
}

/** Brings the annotations of the new ReplicaSet and the revision of the Deployment up to date. */
function revisionUpdates(deployment: Deployment, sets: ReplicaSets): Action<Writes>[] {
  const { newest, old } = sets;
  if (newest === undefined) return [];
  const revision = maxRevision(old) + 1;
  const annotations = newReplicaSetAnnotations(deployment, newest.metadata.annotations ?? {}, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isCurrent =
    deepEqual(annotations, newest.metadata.annotations ?? {}) && (newest.spec.minReadySeconds ?? 0) === minReadySeconds;
  if (isCurrent) return deploymentRevision(deployment, revisionOf(newest));
  const object = {
    ...newest,
    metadata: { ...newest.metadata, annotations },
    spec: { ...newest.spec, minReadySeconds },
  };
  return [{ verb: "update", resource: "replicaSets", object }];
}

/** Resizing waits when the new ReplicaSet was just updated: both would be made from the same revision. */
function unlessUpdated(deployment: Deployment, sets: ReplicaSets, resized: Action<Writes>[]): Action<Writes>[] {
  const isUpdated = revisionUpdates(deployment, sets).some((action) => action.resource === "replicaSets");
  return isUpdated ? [] : resized;
}

function deploymentRevision(deployment: Deployment, revision: number): Action<Writes>[] {
  if (revisionOf(deployment) === revision) return [];
  const patch = { metadata: { annotations: { [REVISION]: String(revision) } } };
  return [{ verb: "patch", resource: "deployments", target: deployment, patchType: "merge", patch }];
}
