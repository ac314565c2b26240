/** The difference between two statuses as a strategic merge patch: pure. */
import type { PodCondition, PodStatus } from "../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";

/** Fields the kubelet decides; others (nominated node, resource claims) belong to others. */
const OWNED_FIELDS = [
  "observedGeneration",
  "phase",
  "reason",
  "message",
  "hostIP",
  "hostIPs",
  "podIP",
  "podIPs",
  "startTime",
  "initContainerStatuses",
  "containerStatuses",
  "ephemeralContainerStatuses",
  "qosClass",
] as const satisfies readonly (keyof PodStatus)[];

/**
 * Conditions that the kubelet decides. Others' are never written, not even as they were seen: who owns them may have
 * changed them since.
 */
const OWNED_CONDITIONS: ReadonlySet<string> = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "DisruptionTarget",
  "PodResizePending",
  "PodResizeInProgress",
]);

/** Conditions of the kubelet that go away again when what they tell is over. */
export const PASSING_CONDITIONS: ReadonlySet<string> = new Set(["PodResizePending", "PodResizeInProgress"]);

/** Lists that a strategic merge patch joins by key: a changed one is replaced as a whole. */
const KEYED_LISTS: ReadonlySet<string> = new Set(["hostIPs", "podIPs"]);

/** Undefined when the server already has everything of `wanted`. */
export function statusPatch(known: PodStatus | undefined, wanted: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of OWNED_FIELDS) {
    if (deepEqual(normalized(known?.[field]), normalized(wanted[field]))) continue;
    patch[field] = replacement(field, known?.[field], wanted[field]);
  }
  const own = (wanted.conditions ?? []).filter(({ type }) => OWNED_CONDITIONS.has(type));
  const conditions = own.filter((condition) => !isKnown(known?.conditions, condition));
  const gone = (known?.conditions ?? []).filter(
    ({ type }) => PASSING_CONDITIONS.has(type) && !wanted.conditions?.some((condition) => condition.type === type),
  );
  if (conditions.length + gone.length > 0)
    patch["conditions"] = [
      ...conditions.map((condition) => withRemovals(known?.conditions, condition)),
      ...gone.map(({ type }) => ({ type, $patch: "delete" })),
    ];
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function normalized(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function replacement(field: string, known: unknown, wanted: unknown): unknown {
  if (wanted === undefined) return null;
  const isJoined = KEYED_LISTS.has(field) && Array.isArray(wanted) && Array.isArray(known) && known.length > 0;
  return isJoined ? [{ $patch: "replace" }, ...(wanted as unknown[])] : wanted;
}

function isKnown(known: readonly PodCondition[] | undefined, wanted: PodCondition): boolean {
  const before = known?.find(({ type }) => type === wanted.type);
  return before !== undefined && deepEqual(comparable(before), comparable(wanted));
}

function comparable({ lastProbeTime: _ignored, ...condition }: PodCondition): unknown {
  return normalized(condition);
}

/** A condition that no longer has a reason or message must say so: joining keeps what is left out. */
function withRemovals(known: readonly PodCondition[] | undefined, wanted: PodCondition): Record<string, unknown> {
  const before = known?.find(({ type }) => type === wanted.type);
  const removed: Record<string, unknown> = {};
  for (const field of ["reason", "message"] as const) {
    if (before?.[field] !== undefined && wanted[field] === undefined) removed[field] = null;
  }
  return { ...wanted, ...removed };
}
