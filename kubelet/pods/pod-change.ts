/** What of a new version of a pod concerns the kubelet: most of them only carry the status it wrote itself. Pure. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";

/** `metadata`: labels or annotations, which files of the downward API show. */
export type PodChange = "none" | "metadata" | "other";

/** Conditions that the pod waits for, and a final phase that somebody else has set. */
function foreignStatus({ spec, status }: Pod): unknown {
  const gates = new Set((spec.readinessGates ?? []).map(({ conditionType }) => conditionType));
  const phase = status?.phase === "Failed" || status?.phase === "Succeeded" ? status.phase : "";
  return [phase, (status?.conditions ?? []).filter(({ type }) => gates.has(type))];
}

export function podChange(previous: Pod, next: Pod): PodChange {
  const lifecycle = ({ metadata }: Pod): unknown => [
    metadata.deletionTimestamp,
    metadata.deletionGracePeriodSeconds,
    metadata.generation,
  ];
  const isOther =
    !deepEqual(lifecycle(previous), lifecycle(next)) ||
    !deepEqual(previous.spec, next.spec) ||
    !deepEqual(foreignStatus(previous), foreignStatus(next));
  if (isOther) return "other";
  const texts = ({ metadata }: Pod): unknown => [metadata.labels ?? {}, metadata.annotations ?? {}];
  return deepEqual(texts(previous), texts(next)) ? "none" : "metadata";
}
