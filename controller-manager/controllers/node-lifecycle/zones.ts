/** How many nodes of a zone may lose their pods, and how fast (upstream: `ReducedQPSFunc`, `ComputeZoneState`). */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { healthOf } from "./taints-plan.ts";

export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

/** Nodes a second whose pods are driven away. */
const EVICTIONS_PER_SECOND = 0.1;
const EVICTIONS_PER_SECOND_IN_DISRUPTION = 0.01;
/** Smaller zones stop evictions in a partial disruption altogether. */
const LARGE_ZONE_NODES = 50;
const UNHEALTHY_SHARE = 0.55;

export function zoneOf({ metadata }: Node): string {
  const { labels = {} } = metadata;
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

export function zoneState(nodes: readonly Node[]): ZoneState {
  const unhealthy = nodes.filter((node) => healthOf(node) !== "Healthy").length;
  if (unhealthy > 0 && unhealthy === nodes.length) return "FullDisruption";
  if (unhealthy > 2 && unhealthy / nodes.length >= UNHEALTHY_SHARE) return "PartialDisruption";
  return "Normal";
}

/** A zone that is down as a whole, while others live, is evicted at the usual rate. */
export function evictionsPerSecond(state: ZoneState, nodes: number): number {
  if (state !== "PartialDisruption") return EVICTIONS_PER_SECOND;
  return nodes > LARGE_ZONE_NODES ? EVICTIONS_PER_SECOND_IN_DISRUPTION : 0;
}

/** Lets one node through at first, then as many as the rate allows. */
export class EvictionBudget {
  #tokens = 1;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  take(perSecond: number, nowMs: number): boolean {
    this.#tokens = Math.min(1, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1000);
    this.#atMs = nowMs;
    if (perSecond === 0 || this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
