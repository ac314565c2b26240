import type { RequestState } from "../http/request-state.ts";

/** What the filter chain reports (apiserver `pkg/endpoints/metrics`). */
export interface ServerMetrics {
  /** Call at the start of a request, and what it returns at its end. */
  started(state: RequestState): (durationSeconds: number) => void;
  rejectedInFlight(kind: "mutating" | "readOnly"): void;
}
