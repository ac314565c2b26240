/** Thresholds of one probe: pure. Upstream: `prober/worker.go`. */
import type { Probe } from "../../shared/api/generated/core/v1.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";
export type ProbeResult = "unknown" | "success" | "failure";

export interface ProbeState {
  /** What counts for the pod. */
  readonly result: ProbeResult;
  readonly lastOutcome: ProbeResult;
  /** How many times in a row the outcome was `lastOutcome`. */
  readonly streak: number;
}

const INITIAL_RESULTS: Record<ProbeKind, ProbeResult> = {
  startup: "unknown",
  liveness: "success",
  readiness: "failure",
};

const DEFAULT_FAILURE_THRESHOLD = 3;

export function initialProbeState(kind: ProbeKind): ProbeState {
  return { result: INITIAL_RESULTS[kind], lastOutcome: "unknown", streak: 0 };
}

/** State after one more outcome: the result only turns when the threshold is reached. */
export function advanceProbe(state: ProbeState, probe: Probe, outcome: "success" | "failure"): ProbeState {
  const streak = state.lastOutcome === outcome ? state.streak + 1 : 1;
  const threshold =
    outcome === "failure" ? (probe.failureThreshold ?? DEFAULT_FAILURE_THRESHOLD) : (probe.successThreshold ?? 1);
  return { result: streak >= threshold ? outcome : state.result, lastOutcome: outcome, streak };
}

export const probePeriodMs = (probe: Probe): number => (probe.periodSeconds ?? 10) * 1000;
export const probeTimeoutMs = (probe: Probe): number => (probe.timeoutSeconds ?? 1) * 1000;
export const probeDelayMs = (probe: Probe): number => (probe.initialDelaySeconds ?? 0) * 1000;
