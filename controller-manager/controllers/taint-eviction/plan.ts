/** When a pod must leave a node with `NoExecute` taints (upstream: `pkg/controller/tainteviction`). */
import type { Node, Pod, Taint, Toleration } from "../../../shared/api/generated/core/v1.ts";
import { setCondition } from "../../../shared/machinery/conditions.ts";
import type { nodes, pods } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { isFinished, isTerminating } from "../../pods/pod-state.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { timestamp } from "../../runtime/timestamp.ts";

export type Reads = { readonly nodes: typeof nodes };
export type Writes = { readonly pods: typeof pods };

const MESSAGE = "Taint manager: deleting due to NoExecute taint";

/** Since when a node has a taint, by what we have seen of it. */
export type TaintSince = (node: Node, taint: Taint) => number;

export function planEviction(
  pod: Pod,
  world: World<Pod, Reads>,
  nowMs: number,
  sinceMs: TaintSince,
): Plan<Pod, Writes> {
  const node = pod.spec.nodeName === undefined ? undefined : world.nodes.get(undefined, pod.spec.nodeName);
  if (node === undefined || isFinished(pod) || isTerminating(pod)) return { actions: [] };
  const atMs = evictionAtMs(pod.spec.tolerations ?? [], noExecuteTaints(node), (taint) => sinceMs(node, taint));
  if (atMs === undefined) return { actions: [] };
  if (atMs > nowMs) return { actions: [], requeueAfterMs: atMs - nowMs };
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: MESSAGE,
    lastTransitionTime: timestamp(nowMs),
  };
  const patch = { status: { conditions: setCondition(pod.status?.conditions, condition) } };
  return {
    actions: [
      { verb: "patch", resource: "pods", target: pod, patchType: "strategic", subresource: "status", patch },
      { verb: "delete", resource: "pods", target: pod },
    ],
    events: [{ type: "Normal", reason: "TaintManagerEviction", message: `Marking for deletion Pod ${objectKey(pod)}` }],
  };
}

export function noExecuteTaints({ spec }: Node): Taint[] {
  return (spec.taints ?? []).filter(({ effect }) => effect === "NoExecute");
}

/** When the first of the taints is tolerated no longer; nothing when all are tolerated for ever. */
export function evictionAtMs(
  tolerations: readonly Toleration[],
  taints: readonly Taint[],
  sinceMs: (taint: Taint) => number,
): number | undefined {
  const times = taints.map((taint) => toleratedUntilMs(tolerations, taint, sinceMs(taint)));
  const first = Math.min(...times);
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}

/** The shortest of the matching tolerations counts, as upstream. */
function toleratedUntilMs(tolerations: readonly Toleration[], taint: Taint, sinceMs: number): number {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return sinceMs;
  const seconds = matching.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
  if (seconds.length === 0) return Number.POSITIVE_INFINITY;
  return sinceMs + Math.max(0, Math.min(...seconds)) * 1000;
}

export function tolerates(
  { key = "", effect = "", operator = "Equal", value = "" }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  if (operator === "Exists") return true;
  return key !== "" && value === (taint.value ?? "");
}
