/** Which pods nobody will clean up (upstream: `pkg/controller/podgc`). */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { setCondition } from "../../../shared/machinery/conditions.ts";
import type { pods } from "../../../shared/resources/catalog.ts";
import { isFinished, isTerminating } from "../../pods/pod-state.ts";
import type { Action } from "../../runtime/plan.ts";
import { timeOf, timestamp } from "../../runtime/timestamp.ts";

type Writes = { readonly pods: typeof pods };

/** Finished pods beyond `threshold`, the oldest first. */
export function surplusFinished(all: readonly Pod[], threshold: number): Pod[] {
  const finished = all.filter((pod) => isFinished(pod) && !isTerminating(pod));
  const surplus = finished.length - threshold;
  if (threshold <= 0 || surplus <= 0) return [];
  const createdAt = ({ metadata }: Pod): number => timeOf(metadata.creationTimestamp) ?? 0;
  const byName = (a: Pod, b: Pod): number => (a.metadata.name < b.metadata.name ? -1 : 1);
  return finished.toSorted((a, b) => createdAt(a) - createdAt(b) || byName(a, b)).slice(0, surplus);
}

/** Pods that are being deleted and were never on a node: no kubelet will confirm their end. */
export function unscheduledTerminating(all: readonly Pod[]): Pod[] {
  return all.filter((pod) => isTerminating(pod) && (pod.spec.nodeName ?? "") === "");
}

/** Pods on nodes that are surely gone. */
export function orphaned(all: readonly Pod[], goneNodes: ReadonlySet<string>): Pod[] {
  return all.filter(({ spec }) => spec.nodeName !== undefined && goneNodes.has(spec.nodeName));
}

/** Ends a pod without waiting for anybody. A pod that ran on a vanished node is marked as failed first. */
export function forcedDeletion(pod: Pod, disruption: string | undefined, nowMs: number): Action<Writes>[] {
  const deletion: Action<Writes> = { verb: "delete", resource: "pods", target: pod, gracePeriodSeconds: 0 };
  return isFinished(pod) ? [deletion] : [failed(pod, disruption, nowMs), deletion];
}

function failed(pod: Pod, disruption: string | undefined, nowMs: number): Action<Writes> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message: disruption,
    lastTransitionTime: timestamp(nowMs),
  };
  const { conditions } = pod.status ?? {};
  const status = {
    phase: "Failed",
    ...(disruption === undefined ? {} : { conditions: setCondition(conditions, condition) }),
  };
  return {
    verb: "patch",
    resource: "pods",
    target: pod,
    patchType: "strategic",
    subresource: "status",
    patch: { status },
  };
}
