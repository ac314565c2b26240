/** Which taints a node must have for what its conditions say (upstream: `node_lifecycle_controller.go`). */
import type { Node, Taint } from "../../../shared/api/generated/core/v1.ts";
import { findCondition } from "../../../shared/machinery/conditions.ts";
import { timestamp } from "../../runtime/timestamp.ts";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Which condition, with which status, gives which taint. */
const CONDITION_TAINTS: readonly { type: string; status: string; key: string }[] = [
  { type: "Ready", status: "False", key: NOT_READY },
  { type: "Ready", status: "Unknown", key: UNREACHABLE },
  { type: "MemoryPressure", status: "True", key: "node.kubernetes.io/memory-pressure" },
  { type: "DiskPressure", status: "True", key: "node.kubernetes.io/disk-pressure" },
  { type: "NetworkUnavailable", status: "True", key: "node.kubernetes.io/network-unavailable" },
  { type: "PIDPressure", status: "True", key: "node.kubernetes.io/pid-pressure" },
];

/** Taints that are ours to put and to take away, by effect. */
const OWN_NO_SCHEDULE: ReadonlySet<string> = new Set([...CONDITION_TAINTS.map(({ key }) => key), UNSCHEDULABLE]);
const OWN_NO_EXECUTE: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE]);

export type Health = "Healthy" | "NotReady" | "Unreachable";

/** A node without a Ready condition has not said that it is ready. */
export function healthOf(node: Node): Health {
  const status = findCondition(node.status?.conditions, "Ready")?.status;
  if (status === "True") return "Healthy";
  return status === "False" ? "NotReady" : "Unreachable";
}

function noScheduleKeys(node: Node): string[] {
  const conditions = node.status?.conditions;
  const found = CONDITION_TAINTS.filter(({ type, status }) => findCondition(conditions, type)?.status === status);
  return [...found.map(({ key }) => key), ...(node.spec.unschedulable === true ? [UNSCHEDULABLE] : [])];
}

/** The taint that drives pods away; none while evictions are stopped. */
function noExecuteKey(node: Node): string | undefined {
  const health = healthOf(node);
  if (health === "Healthy") return undefined;
  return health === "NotReady" ? NOT_READY : UNREACHABLE;
}

export interface Evictions {
  /** A node that has no NoExecute taint yet may get one now. */
  readonly mayStart: boolean;
  /** No node may have one: all are silent, so the fault is likely ours. */
  readonly areStopped: boolean;
}

/** All taints of the node as they must be; nothing when they are so. */
export function wantedTaints(node: Node, evictions: Evictions, nowMs: number): Taint[] | undefined {
  const present = node.spec.taints ?? [];
  const noSchedule = new Set(noScheduleKeys(node));
  const hadNoExecute = present.some(({ key, effect }) => effect === "NoExecute" && OWN_NO_EXECUTE.has(key));
  const mayEvict = !evictions.areStopped && (hadNoExecute || evictions.mayStart);
  const noExecute = mayEvict ? noExecuteKey(node) : undefined;
  const isKept = ({ key, effect }: Taint): boolean => {
    if (effect === "NoSchedule" && OWN_NO_SCHEDULE.has(key)) return noSchedule.has(key);
    if (effect === "NoExecute" && OWN_NO_EXECUTE.has(key)) return key === noExecute;
    return true;
  };
  const kept = present.filter(isKept);
  const has = (key: string, effect: string): boolean =>
    kept.some((taint) => taint.key === key && taint.effect === effect);
  const timeAdded = timestamp(nowMs);
  const added = [
    ...[...noSchedule]
      .filter((key) => !has(key, "NoSchedule"))
      .map((key) => ({ key, effect: "NoSchedule", timeAdded })),
    ...(noExecute === undefined || has(noExecute, "NoExecute")
      ? []
      : [{ key: noExecute, effect: "NoExecute", timeAdded }]),
  ];
  return added.length === 0 && kept.length === present.length ? undefined : [...kept, ...added];
}

/** True when only the start of evictions is missing: the node waits for its turn. */
export function waitsForEviction(node: Node): boolean {
  const key = noExecuteKey(node);
  return (
    key !== undefined && !(node.spec.taints ?? []).some((taint) => taint.effect === "NoExecute" && taint.key === key)
  );
}
