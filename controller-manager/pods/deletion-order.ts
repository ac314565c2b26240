/** Which pods go first when there are too many (upstream: `ActivePodsWithRanks` of `controller_utils.go`). */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { timeOf } from "../runtime/timestamp.ts";
import { isReady, readyCondition } from "./pod-state.ts";

export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  const cost = Number(text ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

function restarts(pod: Pod): number {
  const counts = (pod.status?.containerStatuses ?? []).map((status) => status.restartCount);
  return counts.length === 0 ? 0 : Math.max(...counts);
}

/**
 * Order of two moments for pods of nearly the same age: ages are compared by their power of two, so that among old
 * pods it is not always the youngest that goes. A missing time comes first, then the younger.
 */
function byAge(left: string | undefined, right: string | undefined, nowMs: number): number {
  const [leftMs, rightMs] = [timeOf(left), timeOf(right)];
  if (leftMs === undefined || rightMs === undefined) {
    return Number(leftMs !== undefined) - Number(rightMs !== undefined);
  }
  return ageRank(nowMs - leftMs) - ageRank(nowMs - rightMs);
}

function ageRank(ageMs: number): number {
  return ageMs <= 0 ? -1 : Math.floor(Math.log2(ageMs * 1e6));
}

/** The pods, those to delete first at the front. `related` are pods of the same application, to even out nodes. */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], nowMs: number): Pod[] {
  const podsOnNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec.nodeName ?? "";
    podsOnNode.set(node, (podsOnNode.get(node) ?? 0) + 1);
  }
  const crowd = (pod: Pod): number => podsOnNode.get(pod.spec.nodeName ?? "") ?? 0;
  const phase = (pod: Pod): number => PHASE_ORDER[pod.status?.phase ?? "Pending"] ?? 0;
  const order = (a: Pod, b: Pod): number =>
    Number((a.spec.nodeName ?? "") !== "") - Number((b.spec.nodeName ?? "") !== "") ||
    phase(a) - phase(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    crowd(b) - crowd(a) ||
    (isReady(a) && isReady(b)
      ? byAge(readyCondition(a)?.lastTransitionTime, readyCondition(b)?.lastTransitionTime, nowMs)
      : 0) ||
    restarts(b) - restarts(a) ||
    byAge(a.metadata.creationTimestamp, b.metadata.creationTimestamp, nowMs) ||
    compareText(a.metadata.uid ?? "", b.metadata.uid ?? "");
  return pods.toSorted(order);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
