/** Health as `/healthz` and `/livez` of port 10256 tell it (upstream: `pkg/proxy/healthcheck/proxy_health.go`). */
import type { Clock } from "../shared/process/clock.ts";

export class ProxyHealth {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #oldestPendingMs: number | undefined;
  #lastUpdatedMs: number | undefined;
  #isNodeEligible = true;

  /** Unhealthy when a change has been waiting for `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  queued(): void {
    this.#oldestPendingMs ??= this.#clock.nowMs();
  }

  synced(): void {
    this.#oldestPendingMs = undefined;
    this.#lastUpdatedMs = this.#clock.nowMs();
  }

  /** A node that is being deleted or drained by its autoscaler gets no traffic of load balancers. */
  setNodeEligible(isEligible: boolean): void {
    this.#isNodeEligible = isEligible;
  }

  /** Status code and JSON of `/healthz` (or of `/livez`, which does not look at the node). */
  report(path: "/healthz" | "/livez"): { code: number; body: string } {
    const nowMs = this.#clock.nowMs();
    const isHealthy =
      this.#oldestPendingMs === undefined
        ? this.#lastUpdatedMs !== undefined
        : nowMs - this.#oldestPendingMs < this.#timeoutMs;
    const lastUpdatedMs = isHealthy && this.#oldestPendingMs === undefined ? nowMs : (this.#lastUpdatedMs ?? 0);
    const isGood = isHealthy && (path === "/livez" || this.#isNodeEligible);
    const body = `{"lastUpdated": "${goTime(lastUpdatedMs)}","currentTime": "${goTime(nowMs)}", "nodeEligible": ${this.#isNodeEligible}}`;
    return { code: isGood ? 200 : 503, body };
  }
}

/** A time as Go's `Time.String()` prints it in UTC. */
function goTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", " +0000 UTC");
}
