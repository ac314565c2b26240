/** What a node under pressure takes no more: pure. Upstream: `pkg/kubelet/eviction/eviction_manager.go` Admit. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { tolerates } from "../../shared/machinery/tolerations.ts";
import type { PressureType } from "../eviction/thresholds.ts";
import { podQosClass } from "../pods/qos.ts";
import type { Rejection } from "./admit-handler.ts";
import { isCriticalPod } from "./critical-pod.ts";

const MEMORY_TAINT = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" } as const;

export function pressureRejection(pod: Pod, pressures: ReadonlySet<PressureType>): Rejection | undefined {
  if (pressures.size === 0 || isCriticalPod(pod)) return undefined;
  const isOnlyMemory = pressures.has("MemoryPressure") && pressures.size === 1;
  if (isOnlyMemory && podQosClass(pod) !== "BestEffort") return undefined;
  if (isOnlyMemory && tolerates(pod.spec.tolerations ?? [], MEMORY_TAINT)) return undefined;
  return { reason: "Evicted", message: `The node had condition: [${[...pressures].join(" ")}]. ` };
}
