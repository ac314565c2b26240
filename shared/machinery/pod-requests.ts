import type { Container, Pod } from "../api/generated/core/v1.ts";
import { milliValue, value } from "./quantity.ts";

/** What a pod asks of a node: `cpu` in thousandths, all else in whole units. */
export interface PodRequests {
  readonly resources: ReadonlyMap<string, number>;
  /** What scoring assumes of containers that ask for nothing, so that they spread as well. */
  readonly nonZeroCpuMillis: number;
  readonly nonZeroMemoryBytes: number;
}

/** Upstream's `DefaultMilliCPURequest` and `DefaultMemoryRequest`. */
const ASSUMED_CPU_MILLIS = 100;
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024;

type Amounts = Map<string, number>;

/** Amount of one resource in the unit its column has. */
export function amountOf(resource: string, quantity: string): number {
  return resource === "cpu" ? milliValue(quantity) : value(quantity);
}

function addTo(total: Amounts, more: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of more) total.set(resource, (total.get(resource) ?? 0) + amount);
}

function raiseTo(total: Amounts, other: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of other) total.set(resource, Math.max(total.get(resource) ?? 0, amount));
}

function requestsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([resource, quantity]) => [resource, amountOf(resource, quantity)]));
}

type Assumed = Readonly<Record<string, number>>;

function containerRequests(container: Container, assumed: Assumed): Amounts {
  const requests = requestsOf(container.resources?.requests);
  for (const [resource, amount] of Object.entries(assumed)) {
    if (!requests.has(resource)) requests.set(resource, amount);
  }
  return requests;
}

/**
 * Containers run together; init containers before them, one at a time, beside the restartable ones (sidecars) that
 * started earlier (`PodRequests` of `component-helpers/resource`).
 */
function containersTotal(pod: Pod, assumed: Assumed): Amounts {
  const total: Amounts = new Map();
  for (const container of pod.spec?.containers ?? []) addTo(total, containerRequests(container, assumed));
  const sidecars: Amounts = new Map();
  const initPeak: Amounts = new Map();
  for (const container of pod.spec?.initContainers ?? []) {
    const requests = containerRequests(container, assumed);
    if (container.restartPolicy === "Always") {
      addTo(sidecars, requests);
      raiseTo(initPeak, sidecars);
    } else {
      const during = new Map(sidecars);
      addTo(during, requests);
      raiseTo(initPeak, during);
    }
  }
  addTo(total, sidecars);
  raiseTo(total, initPeak);
  return total;
}

function podTotal(pod: Pod, assumed: Assumed): Amounts {
  const total = containersTotal(pod, assumed);
  for (const [resource, amount] of requestsOf(pod.spec?.resources?.requests)) total.set(resource, amount);
  addTo(total, requestsOf(pod.spec?.overhead));
  return total;
}

const known = new WeakMap<Pod, PodRequests>();

/** Requests of a whole pod. Kept per object: pods from informers never change, and several plugins ask. */
export function podRequests(pod: Pod): PodRequests {
  const before = known.get(pod);
  if (before !== undefined) return before;
  const assumed = podTotal(pod, { cpu: ASSUMED_CPU_MILLIS, memory: ASSUMED_MEMORY_BYTES });
  const requests: PodRequests = {
    resources: podTotal(pod, {}),
    nonZeroCpuMillis: assumed.get("cpu") ?? 0,
    nonZeroMemoryBytes: assumed.get("memory") ?? 0,
  };
  known.set(pod, requests);
  return requests;
}
