/**
 * What the containers of a pod need together (component-helpers `resource`): the main ones at once and the sidecars
 * beside them, or more for as long as an init container needs more.
 */
import type { Container, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import { addQuantities, compareQuantities } from "../../../shared/machinery/quantity.ts";

type ResourceList = Record<string, string>;

function addTo(sum: ResourceList, more: Readonly<ResourceList> | undefined): void {
  for (const [name, amount] of Object.entries(more ?? {})) {
    const present = sum[name];
    sum[name] = present === undefined ? amount : addQuantities(present, amount);
  }
}

function raiseTo(most: ResourceList, other: Readonly<ResourceList>): void {
  for (const [name, amount] of Object.entries(other)) {
    const present = most[name];
    if (present === undefined || compareQuantities(amount, present) > 0) most[name] = amount;
  }
}

export function aggregateResources(spec: PodSpec, kind: "limits" | "requests"): Readonly<ResourceList> {
  const of = (container: Container): Readonly<ResourceList> | undefined => container.resources?.[kind];
  const total: ResourceList = {};
  for (const container of spec.containers) addTo(total, of(container));
  const sidecars: ResourceList = {};
  const duringInit: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      addTo(total, of(container));
      addTo(sidecars, of(container));
      raiseTo(duringInit, sidecars);
    } else {
      const now = { ...of(container) };
      addTo(now, sidecars);
      raiseTo(duringInit, now);
    }
  }
  raiseTo(total, duringInit);
  return total;
}
