/**
 * The `kubernetes` ServiceCIDR: the ranges of `--service-cluster-ip-range` as an object (upstream:
 * `pkg/controlplane/controller/defaultservicecidr`). It is made again when somebody deletes it, and never changed but
 * for a second family that the flag got.
 */
import type { ServiceCIDR } from "../../shared/api/generated/networking/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { type Clock, rfc3339 } from "../../shared/process/clock.ts";
import { serviceCIDRs } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";
import { APISERVER_USER, ensureObject, findObject } from "./ensure.ts";

export interface ServiceRangeOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** The first is that of the default family. */
  readonly serviceRanges: readonly string[];
}

const NAME = "kubernetes";
const READY = "Ready";
const REQUEST = { user: APISERVER_USER, fieldManager: "kubernetes-service-cidr-controller" };

/** The second family that the flag got after the object was made; nothing when there is no such. */
function withSecondRange(present: ServiceCIDR, ranges: readonly string[]): ServiceCIDR | undefined {
  const isNew = ranges.length === 2 && deepEqual(present.spec.cidrs, ranges.slice(0, 1));
  return isNew ? { ...present, spec: { ...present.spec, cidrs: [...ranges] } } : undefined;
}

/** A condition that somebody else set to false stays. */
function withReady(present: ServiceCIDR, { serviceRanges, clock }: ServiceRangeOptions): ServiceCIDR | undefined {
  const conditions = present.status?.conditions ?? [];
  const { status } = conditions.find(({ type }) => type === READY) ?? {};
  const isDecided = status === "True" || status === "False";
  const isGoing = present.metadata.deletionTimestamp !== undefined;
  if (isDecided || isGoing || !deepEqual(present.spec.cidrs, serviceRanges)) return undefined;
  const ready = {
    type: READY,
    status: "True",
    reason: "",
    message: "Kubernetes default Service CIDR is ready",
    lastTransitionTime: rfc3339(clock.nowMs()),
  };
  return { ...present, status: { conditions: [...conditions.filter(({ type }) => type !== READY), ready] } };
}

/** One round. Rejects when a write fails. */
export async function reconcileServiceRange(options: ServiceRangeOptions): Promise<void> {
  const { registry, serviceRanges } = options;
  const wanted: ServiceCIDR = { metadata: { name: NAME }, spec: { cidrs: [...serviceRanges] } };
  await ensureObject(registry, serviceCIDRs, wanted, (present) => withSecondRange(present, serviceRanges));
  const present = await findObject(registry, serviceCIDRs, "", NAME);
  if (present === undefined || withReady(present, options) === undefined) return;
  const change = (current: ServiceCIDR | undefined): ServiceCIDR =>
    current === undefined ? present : (withReady(current, options) ?? current);
  await registry.update(serviceCIDRs, "", NAME, change, { ...REQUEST, mode: "status", subresource: "status" });
}
