/**
 * Whether budgets let a pod be evicted (upstream: `pkg/registry/core/pod/storage/eviction.go`). Pure.
 */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { forbidden, StatusError } from "../../../shared/errors/status-error.ts";
import { findCondition, isConditionTrue, setCondition } from "../../../shared/machinery/conditions.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { rfc3339 } from "../../../shared/process/clock.ts";

/** Evictions that the disruption controller has not confirmed yet, at most. */
const DISRUPTED_PODS_MAX = 2000;
/** Upstream names the resource in the singular here. */
const BUDGET = { group: "policy", plural: "poddisruptionbudget" };
type Status = NonNullable<PodDisruptionBudget["status"]>;
const STALE_BUDGET_RETRY_SECONDS = 10;

function violates(budget: PodDisruptionBudget, why: string, retryAfterSeconds: number): StatusError {
  return new StatusError("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: {
      causes: [{ reason: "DisruptionBudget", message: `The disruption budget ${budget.metadata.name} ${why}` }],
    },
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  });
}

/** What a budget that is not up to date answers: ask again. */
export function isStillProcessed(budget: PodDisruptionBudget): StatusError {
  return violates(budget, "is still being processed by the server.", STALE_BUDGET_RETRY_SECONDS);
}

/** Why there is no room. Counts mean nothing while the budget could not be worked out. */
function exhaustion({ desiredHealthy = 0, currentHealthy = 0, conditions }: Partial<Status>): string {
  const condition = findCondition(conditions, "DisruptionAllowed");
  const { reason = "", message = "" } = condition?.status === "False" ? condition : {};
  const closed = "does not allow evicting pods currently";
  if (message !== "" && reason === "SyncFailed") return `${closed} because it failed sync: ${message}`;
  if (currentHealthy <= desiredHealthy)
    return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return message === "" ? closed : `${closed} (${reason}): ${message}`;
}

/** The budgets that cover the pod. An empty selector covers all pods with labels, a missing one none. */
export function budgetsOf(pod: Pod, budgets: readonly PodDisruptionBudget[]): PodDisruptionBudget[] {
  const { labels = {} } = pod.metadata;
  if (Object.keys(labels).length === 0) return [];
  return budgets.filter((budget) => selectorOf(budget.spec?.selector).matches(labels));
}

/** A pod that does not run, or is already on its way out, disrupts nothing. */
export function isBeyondBudget(pod: Pod): boolean {
  const phase = pod.status?.phase ?? "";
  return pod.metadata.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(phase);
}

/** A pod that is not ready anyway may go, depending on the budget's policy for those. */
export function isUnhealthyAndFree(pod: Pod, budget: PodDisruptionBudget): boolean {
  if (isConditionTrue(pod.status?.conditions, "Ready")) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** The budget after one more eviction; throws 429 (or 403 for a broken budget) when there is no room. */
export function spendBudget(budget: PodDisruptionBudget, podName: string, nowMs: number): PodDisruptionBudget {
  const status = budget.status ?? {};
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (observedGeneration < (budget.metadata.generation ?? 0)) {
    throw isStillProcessed(budget);
  }
  if (disruptionsAllowed < 0) throw forbidden(BUDGET, budget.metadata.name, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    const why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw forbidden(BUDGET, budget.metadata.name, why);
  }
  if (disruptionsAllowed === 0) {
    throw violates(budget, exhaustion(status), 0);
  }
  const left = disruptionsAllowed - 1;
  const exhausted = {
    type: "DisruptionAllowed",
    status: "False",
    reason: "InsufficientPods",
    message: "",
    observedGeneration,
    lastTransitionTime: rfc3339(nowMs),
  };
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [podName]: rfc3339(nowMs) },
      ...(left > 0 ? {} : { conditions: setCondition(status.conditions, exhausted) }),
    },
  };
}
