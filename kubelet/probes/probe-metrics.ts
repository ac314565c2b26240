/** What `/metrics/probes` shows. Upstream: `pkg/kubelet/prober/prober_manager.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ProbeKind, ProbeResult } from "./probe-state.ts";
import { Counter, type Registry } from "../../shared/process/metrics.ts";

export type ProbeCounter = (kind: ProbeKind, pod: Pod, container: string, outcome: ProbeResult) => void;

const RESULTS: Readonly<Record<ProbeResult, string>> = {
  success: "successful",
  failure: "failed",
  unknown: "unknown",
};

export function createProbeCounter(registry: Registry): ProbeCounter {
  const total = new Counter({
    name: "prober_probe_total",
    help: "Cumulative number of a liveness, readiness or startup probe for a container by result.",
    labelNames: ["probe_type", "result", "container", "pod", "namespace", "pod_uid"],
    registers: [registry],
  });
  return (kind, { metadata }, container, outcome) =>
    total.inc({
      probe_type: kind.charAt(0).toUpperCase() + kind.slice(1),
      result: RESULTS[outcome],
      container,
      pod: metadata.name,
      namespace: metadata.namespace ?? "",
      pod_uid: metadata.uid ?? "",
    });
}
