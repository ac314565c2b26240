/** What the node tells of itself: pure. Upstream: `pkg/kubelet/nodestatus/setters.go`, `kubelet_node_status.go`. */
import type { NodeCondition, NodeStatus } from "../../shared/api/generated/core/v1.ts";

export interface NodeEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Reasons by condition and status. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: "NodeHasInsufficientMemory", False: "NodeHasSufficientMemory" },
  DiskPressure: { True: "NodeHasDiskPressure", False: "NodeHasNoDiskPressure" },
  PIDPressure: { True: "NodeHasInsufficientPID", False: "NodeHasSufficientPID" },
  Ready: { True: "NodeReady", False: "NodeNotReady" },
};

function statusOf(conditions: readonly NodeCondition[] | undefined, type: string): string | undefined {
  return conditions?.find((condition) => condition.type === type)?.status;
}

/** One event for each condition that changed; `previous` is undefined when the kubelet just started. */
export function conditionEvents(nodeName: string, previous: NodeStatus | undefined, next: NodeStatus): NodeEvent[] {
  return Object.entries(REASONS).flatMap(([type, reasons]) => {
    const status = statusOf(next.conditions, type) ?? "";
    const reason = reasons[status];
    if (reason === undefined || statusOf(previous?.conditions, type) === status) return [];
    return [{ type: "Normal", reason, message: `Node ${nodeName} status is now: ${reason}` } as const];
  });
}

/** The machine started anew since the node was last seen. */
export function rebootEvent(nodeName: string, before: string | undefined, bootId: string): NodeEvent | undefined {
  if (before === undefined || before === "" || before === bootId) return undefined;
  return { type: "Warning", reason: "Rebooted", message: `Node ${nodeName} has been rebooted, boot id: ${bootId}` };
}
