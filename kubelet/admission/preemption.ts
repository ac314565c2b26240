/** Which pods make way for a critical one: pure. Upstream: `pkg/kubelet/preemption/preemption.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { podRequests } from "../../shared/machinery/pod-requests.ts";
import { podQosClass } from "../pods/qos.ts";
import { mayPreempt } from "./critical-pod.ts";
import type { FitFailure } from "./node-fit.ts";

type ResourceFailure = Extract<FitFailure, { kind: "resource" }>;
type Lacking = Map<string, number>;

/** In this order pods have to go. */
const QOS_ORDER = ["BestEffort", "Burstable", "Guaranteed"] as const;

const amount = (pod: Pod, resource: string): number =>
  resource === "pods" ? 1 : (podRequests(pod).resources.get(resource) ?? 0);

/** How far a set without this pod would still be from what is needed: squares of the missing parts. */
function distance(lacking: Lacking, pod: Pod): number {
  let sum = 0;
  for (const [resource, needed] of lacking) {
    const missing = needed - amount(pod, resource);
    if (missing > 0) sum += (missing / needed) ** 2;
  }
  return sum;
}

const isMet = (lacking: Lacking): boolean => [...lacking.values()].every((needed) => needed <= 0);

function take(lacking: Lacking, pod: Pod): Lacking {
  return new Map(
    [...lacking]
      .map(([resource, needed]): [string, number] => [resource, needed - amount(pod, resource)])
      .filter(([, needed]) => needed > 0),
  );
}

/** Fewest pods of the lowest classes that free what is lacking; undefined when all of them are not enough. */
export function victimsFor(pod: Pod, others: readonly Pod[], failures: readonly ResourceFailure[]): Pod[] | undefined {
  let lacking: Lacking = new Map(
    failures.map(({ resource, requested, used, capacity }) => [resource, requested - (capacity - used)]),
  );
  const victims: Pod[] = [];
  for (const qos of QOS_ORDER) {
    const candidates = others.filter((other) => podQosClass(other) === qos && mayPreempt(pod, other));
    while (!isMet(lacking) && candidates.length > 0) {
      const best = candidates.reduce((a, b) => (distance(lacking, b) < distance(lacking, a) ? b : a));
      candidates.splice(candidates.indexOf(best), 1);
      const after = take(lacking, best);
      if (sum(after) === sum(lacking)) break;
      lacking = after;
      victims.push(best);
    }
  }
  return isMet(lacking) ? victims : undefined;
}

function sum(lacking: Lacking): number {
  return [...lacking.values()].reduce((total, needed) => total + needed, 0);
}
