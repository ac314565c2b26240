/** What is known of a node's health, and what to write when it went silent (upstream: `node_lifecycle_controller.go`). */
import type { Lease } from "../../../shared/api/generated/coordination/v1.ts";
import type { Node, NodeCondition, Pod, PodCondition } from "../../../shared/api/generated/core/v1.ts";
import { findCondition, setCondition } from "../../../shared/machinery/conditions.ts";
import { isFinished, isTerminating, readyCondition } from "../../pods/pod-state.ts";
import { timestamp } from "../../runtime/timestamp.ts";

/** Conditions that only the kubelet knows: all become unknown when it is silent. */
const KUBELET_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The last sign of life, and when we saw it by our own clock: the clocks of nodes are never trusted. */
export interface Heartbeat {
  readonly mark: string;
  readonly seenAtMs: number;
}

/** Takes note of a new sign of life: a renewed lease or a status with a new time. */
export function observe(before: Heartbeat | undefined, node: Node, lease: Lease | undefined, nowMs: number): Heartbeat {
  const ready = findCondition(node.status?.conditions, "Ready");
  const mark = [
    lease?.spec.renewTime ?? "",
    ready?.lastHeartbeatTime ?? "",
    ready?.status === "Unknown" ? "" : (ready?.lastTransitionTime ?? ""),
  ].join("|");
  if (before === undefined) return { mark, seenAtMs: nowMs };
  // Our own mark of unknown is no sign of life.
  const isAlive = before.mark !== mark && ready?.status !== "Unknown";
  const isLeaseRenewed = before.mark.split("|")[0] !== mark.split("|")[0];
  return { mark, seenAtMs: isAlive || isLeaseRenewed ? nowMs : before.seenAtMs };
}

/** The node's conditions after its grace period is over; nothing when they say so already. */
export function unknownConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  const present = node.status?.conditions ?? [];
  const stale = KUBELET_CONDITIONS.filter((type) => findCondition(present, type)?.status !== "Unknown");
  if (stale.length === 0) return undefined;
  const now = timestamp(nowMs);
  return stale.reduce<NodeCondition[]>((conditions, type) => {
    const known = findCondition(present, type);
    const heartbeat = known?.lastHeartbeatTime ?? node.metadata.creationTimestamp;
    return setCondition(conditions, {
      type,
      status: "Unknown",
      reason: known === undefined ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
      message: known === undefined ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
      ...(heartbeat === undefined ? {} : { lastHeartbeatTime: heartbeat }),
      lastTransitionTime: now,
    });
  }, present);
}

/** The Ready condition that a pod on a silent node gets; nothing when it is not ready already. */
export function notReadyCondition(pod: Pod, nowMs: number): PodCondition | undefined {
  const ready = readyCondition(pod);
  if (ready?.status !== "True" || isFinished(pod) || isTerminating(pod)) return undefined;
  return { ...ready, status: "False", lastTransitionTime: timestamp(nowMs) };
}
