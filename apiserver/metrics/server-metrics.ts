/** What the filter chain reports, under upstream's names (apiserver `pkg/endpoints/metrics`). */
import { Counter, Gauge, Histogram, type Registry } from "../../shared/process/metrics.ts";
import type { InFlight } from "../http/in-flight.ts";
import { isLongRunning } from "../http/long-running.ts";
import type { RequestState } from "../http/request-state.ts";
import type { RequestLabels, RequestLabeller } from "./request-labels.ts";

const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const SLI_BUCKETS = DURATION_BUCKETS.filter((seconds) => seconds >= 0.05);
const REQUEST_LABELS = [
  "verb",
  "dry_run",
  "group",
  "version",
  "resource",
  "subresource",
  "scope",
  "component",
] as const;
const LONG_RUNNING_LABELS = ["verb", "group", "version", "resource", "subresource", "scope", "component"] as const;

export interface ServerMetrics {
  /** Call at the start of a request, and what it returns at its end. */
  started(state: RequestState): (durationSeconds: number) => void;
  rejectedInFlight(kind: "mutating" | "readOnly"): void;
}

/** Children of the metrics for one set of labels: finding them by label costs more than counting. */
interface RequestSeries {
  readonly duration: { observe(value: number): void };
  readonly sli: { observe(value: number): void };
  readonly codes: Map<number, { inc(): void }>;
}

export function createServerMetrics(registry: Registry, inFlight: InFlight, labeller: RequestLabeller): ServerMetrics {
  const registers = [registry];
  const total = new Counter({
    name: "apiserver_request_total",
    help: "Requests by what they asked for and the code they were answered with.",
    labelNames: [...REQUEST_LABELS, "code"],
    registers,
  });
  const duration = new Histogram({
    name: "apiserver_request_duration_seconds",
    help: "Time from the request to the end of its answer.",
    labelNames: [...REQUEST_LABELS],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const sli = new Histogram({
    name: "apiserver_request_sli_duration_seconds",
    help: "Time from the request to the end of its answer, without what callbacks took.",
    labelNames: [...REQUEST_LABELS],
    buckets: SLI_BUCKETS,
    registers,
  });
  const terminations = new Counter({
    name: "apiserver_request_terminations_total",
    help: "Requests that the server ended itself, to protect itself.",
    labelNames: [...LONG_RUNNING_LABELS, "code"],
    registers,
  });
  addInFlightGauges(registry, inFlight, labeller);

  const series = new Map<RequestLabels, RequestSeries>();
  const seriesOf = (labels: RequestLabels): RequestSeries => {
    let found = series.get(labels);
    if (found === undefined) {
      found = { duration: duration.labels({ ...labels }), sli: sli.labels({ ...labels }), codes: new Map() };
      series.set(labels, found);
    }
    return found;
  };

  return {
    started: (state) => (durationSeconds) => {
      const labels = labeller.labelsOf(state);
      const one = seriesOf(labels);
      const code = state.response.statusCode;
      let counter = one.codes.get(code);
      if (counter === undefined) {
        counter = total.labels({ ...labels, code: String(code) });
        one.codes.set(code, counter);
      }
      counter.inc();
      if (code === 504 || code === 429) {
        const { dry_run: _dropped, ...rest } = labels;
        terminations.labels({ ...rest, code: String(code) }).inc();
      }
      if (isLongRunning(state.info)) return;
      one.duration.observe(durationSeconds);
      one.sli.observe(durationSeconds);
    },
    rejectedInFlight: () => undefined,
  };
}

function addInFlightGauges(registry: Registry, inFlight: InFlight, labeller: RequestLabeller): void {
  new Gauge({
    name: "apiserver_current_inflight_requests",
    help: "Requests that are being answered, long-running ones aside.",
    labelNames: ["request_kind"],
    registers: [registry],
    collect() {
      this.set({ request_kind: "mutating" }, inFlight.mutating.size);
      this.set({ request_kind: "readOnly" }, inFlight.readOnly.size);
    },
  });
  new Gauge({
    name: "apiserver_longrunning_requests",
    help: "Watches, logs, execs and the like that are running.",
    labelNames: [...LONG_RUNNING_LABELS],
    registers: [registry],
    collect() {
      this.reset();
      for (const state of inFlight.longRunning) {
        const { dry_run: _dropped, ...labels } = labeller.labelsOf(state);
        this.inc(labels);
      }
    },
  });
}
