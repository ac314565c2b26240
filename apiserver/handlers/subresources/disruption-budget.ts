/**
 * Whether budgets let a pod be evicted (upstream: `pkg/registry/core/pod/storage/eviction.go`). Pure.
 */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { forbidden, StatusError } from "../../../shared/errors/status-error.ts";
import { isConditionTrue, setCondition } from "../../../shared/machinery/conditions.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { rfc3339 } from "../../../shared/process/clock.ts";
import { podDisruptionBudgets } from "../../../shared/resources/catalog.ts";

/** Evictions that the disruption controller has not confirmed yet, at most. */
const DISRUPTED_PODS_MAX = 2000;
const STALE_BUDGET_RETRY_SECONDS = 10;

function violates(budget: PodDisruptionBudget, why: string, retryAfterSeconds: number): StatusError {
  return new StatusError("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: {
      causes: [{ reason: "DisruptionBudget", message: `The disruption budget ${budget.metadata.name} ${why}` }],
    },
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  });
}

/** The budgets that cover the pod. An empty selector covers all pods, a missing one none. */
export function budgetsOf(pod: Pod, budgets: readonly PodDisruptionBudget[]): PodDisruptionBudget[] {
  return budgets.filter((budget) => selectorOf(budget.spec?.selector).matches(pod.metadata.labels));
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
  const {
    observedGeneration = 0,
    disruptionsAllowed = 0,
    disruptedPods = {},
    desiredHealthy = 0,
    currentHealthy = 0,
  } = status;
  if (observedGeneration < (budget.metadata.generation ?? 0)) {
    throw violates(budget, "is still being processed by the server.", STALE_BUDGET_RETRY_SECONDS);
  }
  if (disruptionsAllowed < 0)
    throw forbidden(podDisruptionBudgets, budget.metadata.name, "pod disruption budget is negative");
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    const why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw forbidden(podDisruptionBudgets, budget.metadata.name, why);
  }
  if (disruptionsAllowed === 0) {
    throw violates(budget, `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, 0);
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
