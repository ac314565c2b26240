/** The status of a Deployment and what it says of a rollout's progress (upstream: `sync.go`, `progress.go`). */
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from "../../../shared/api/generated/apps/v1.ts";
import { findCondition, removeCondition } from "../../../shared/machinery/conditions.ts";
import { timeOf, timestamp } from "../../runtime/timestamp.ts";
import { maxUnavailable, wantedReplicas } from "./fenceposts.ts";
import { availableReplicas, type ReplicaSets, specReplicas } from "./replica-sets.ts";

const PROGRESSING = "Progressing";
const REPLICA_FAILURE = "ReplicaFailure";
const NO_DEADLINE_SECONDS = 2_147_483_647;

type Conditions = readonly DeploymentCondition[];

export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== NO_DEADLINE_SECONDS;
}

export function progressingCondition(
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = timestamp(nowMs);
  return { type: PROGRESSING, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

/** Puts the condition at the end, unless one with its status and reason is there: that one stays as it is. */
export function withCondition(conditions: Conditions, condition: DeploymentCondition): Conditions {
  const present = findCondition(conditions, condition.type);
  if (present?.status === condition.status && present.reason === condition.reason) return conditions;
  const isSameStatus = present?.status === condition.status;
  const next = isSameStatus ? { ...condition, lastTransitionTime: present.lastTransitionTime } : condition;
  return [...removeCondition(conditions, condition.type), next];
}

/** Counts and availability; `conditions` are those to start from. */
export function countedStatus(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: Conditions,
  nowMs: number,
): DeploymentStatus {
  const sum = (count: (status: NonNullable<ReplicaSet["status"]>) => number | undefined): number =>
    sets.all.reduce((total, { status }) => total + (status === undefined ? 0 : (count(status) ?? 0)), 0);
  const available = availableReplicas(sets.all);
  const isAvailable = available >= wantedReplicas(deployment) - maxUnavailable(deployment);
  const now = timestamp(nowMs);
  const availability: DeploymentCondition = {
    type: "Available",
    status: isAvailable ? "True" : "False",
    reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const counts = {
    replicas: sum((status) => status.replicas),
    updatedReplicas: sets.newest?.status?.replicas ?? 0,
    readyReplicas: sum((status) => status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, specReplicas(sets.all) - available),
  };
  const present = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  const { collisionCount } = deployment.status ?? {};
  const hasTerminating =
    sets.all.length > 0 && sets.all.every(({ status }) => status?.terminatingReplicas !== undefined);
  return {
    observedGeneration: deployment.metadata.generation,
    ...present,
    ...(hasTerminating ? { terminatingReplicas: sum((status) => status.terminatingReplicas) } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: [...withCondition(conditions, availability)],
  };
}

/** The status in the middle of a rollout: counts, and whether it goes on, is complete or has timed out. */
export function rolloutStatus(
  deployment: Deployment,
  sets: ReplicaSets,
  conditions: Conditions,
  nowMs: number,
): DeploymentStatus {
  const status = countedStatus(deployment, sets, conditions, nowMs);
  const progressed = progress(deployment, sets, status, nowMs);
  const failure = replicaFailure(sets);
  return {
    ...status,
    conditions: [
      ...(failure === undefined ? removeCondition(progressed, REPLICA_FAILURE) : withCondition(progressed, failure)),
    ],
  };
}

function progress(
  deployment: Deployment,
  { newest }: ReplicaSets,
  status: DeploymentStatus,
  nowMs: number,
): Conditions {
  const conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return removeCondition(conditions, PROGRESSING);
  const present = findCondition(conditions, PROGRESSING);
  const isOver =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && present?.reason === "NewReplicaSetAvailable";
  if (isOver) return conditions;
  const subject =
    newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(conditions, progressingCondition("True", "NewReplicaSetAvailable", message, nowMs));
  }
  if (hasProgressed(deployment, status)) {
    // The same reason again, with a new time: the deadline counts from the last progress.
    const condition = progressingCondition("True", "ReplicaSetUpdated", `${subject} is progressing.`, nowMs);
    const kept =
      present?.status === "True" ? { ...condition, lastTransitionTime: present.lastTransitionTime } : condition;
    return [...removeCondition(conditions, PROGRESSING), kept];
  }
  if (hasTimedOut(deployment, present, nowMs)) {
    const message = `${subject} has timed out progressing.`;
    return withCondition(conditions, progressingCondition("False", "ProgressDeadlineExceeded", message, nowMs));
  }
  return conditions;
}

/** All pods are new and available, and this is known for the present generation. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed({ status: before = {} }: Deployment, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, present: DeploymentCondition | undefined, nowMs: number): boolean {
  if (present === undefined || present.reason === "NewReplicaSetAvailable") return false;
  if (present.reason === "ProgressDeadlineExceeded") return true;
  const atMs = deadlineAtMs(deployment, present);
  return atMs !== undefined && atMs < nowMs;
}

function deadlineAtMs(deployment: Deployment, condition: DeploymentCondition): number | undefined {
  const sinceMs = timeOf(condition.lastUpdateTime);
  return sinceMs === undefined ? undefined : sinceMs + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** When to look again for the deadline, in a rollout that neither ended nor timed out. */
export function untilDeadlineMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const present = findCondition(status.conditions, PROGRESSING);
  if (present === undefined || !hasProgressDeadline(deployment) || deployment.spec.paused === true) return undefined;
  if (isComplete(deployment, status) || present.reason === "ProgressDeadlineExceeded") return undefined;
  const atMs = deadlineAtMs(deployment, present);
  // A second more, for times on the wire have whole seconds.
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs) + 1000;
}

/** The failure of the new ReplicaSet, or else of any. */
function replicaFailure({ newest, all }: ReplicaSets): DeploymentCondition | undefined {
  const found = [...(newest === undefined ? [] : [newest]), ...all]
    .map(({ status }) => findCondition(status?.conditions, REPLICA_FAILURE))
    .find((condition) => condition !== undefined);
  return found === undefined ? undefined : { ...found, lastUpdateTime: found.lastTransitionTime };
}
