/** The EndpointSlices of a Service (upstream: `staging/src/k8s.io/endpointslice/reconciler.go`). */
import type { Pod, Service } from "../../../shared/api/generated/core/v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { controllerReference } from "../../../shared/machinery/ownership.ts";
import type { endpointSlices, pods } from "../../../shared/resources/catalog.ts";
import { services } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { readyCondition } from "../../pods/pod-state.ts";
import type { Action, Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_SERVICE } from "../../runtime/shared-informers.ts";
import { isHeadless, podsBehind, selectsPods } from "../../services/service-pods.ts";
import { type AddressType, addressTypesOf, endpointOf, portsOf } from "./endpoint.ts";
import { pack } from "./pack.ts";

export type Reads = { readonly pods: typeof pods; readonly endpointSlices: typeof endpointSlices };
export type Writes = { readonly endpointSlices: typeof endpointSlices };

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** Endpoints that share the same ports: one group of slices. */
interface Group {
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
  readonly pods: Pod[];
}

export function planEndpointSlices(service: Service, world: World<Service, Reads>): Plan<Service, Writes> {
  if (!selectsPods(service) || service.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const existing = world.endpointSlices
    .byIndex(BY_SERVICE, objectKey(service))
    .filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === MANAGER && metadata.deletionTimestamp === undefined);
  const behind = podsBehind(service, world.pods, true);
  const types = addressTypesOf(service);
  const ofOtherType = existing.filter(({ addressType }) => !types.some((type) => type === addressType));
  return {
    actions: [
      ...types.flatMap((type) => planAddressType(service, type, behind, existing)),
      ...ofOtherType.map(deletion),
    ],
  };
}

function planAddressType(
  service: Service,
  type: AddressType,
  behind: readonly Pod[],
  all: readonly EndpointSlice[],
): Action<Writes>[] {
  const existing = all.filter(({ addressType }) => addressType === type);
  const groups = groupByPorts(service, type, behind);
  const isOfGroup = (slice: EndpointSlice, group: Group): boolean => deepEqual(slice.ports ?? [], group.ports);
  const stray = existing.filter((slice) => !groups.some((group) => isOfGroup(slice, group)));
  const writes = groups.flatMap((group) => {
    const own = existing.filter((slice) => isOfGroup(slice, group));
    return planGroup(service, type, group, own);
  });
  if (groups.length > 0) return [...writes, ...stray.map(deletion)];
  return placeholder(service, type, existing);
}

function groupByPorts(service: Service, type: AddressType, behind: readonly Pod[]): Group[] {
  const groups = new Map<string, Group>();
  for (const pod of behind) {
    const endpoint = endpointOf(service, pod, type);
    if (endpoint === undefined) continue;
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [], pods: [] };
    group.endpoints.push(endpoint);
    group.pods.push(pod);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function planGroup(service: Service, type: AddressType, group: Group, own: readonly EndpointSlice[]): Action<Writes>[] {
  const packing = pack(own, group.endpoints);
  const newest = newestChange(group.pods);
  return [
    ...packing.toCreate.map((endpoints) => creation(service, type, group.ports, endpoints, newest)),
    ...packing.toUpdate.map(({ slice, endpoints }) => update(service, slice, endpoints, newest)),
    ...packing.unchanged
      .filter((slice) => !deepEqual(slice.metadata.labels, labelsFor(service)))
      .map((slice) => update(service, slice, slice.endpoints ?? [], undefined)),
    ...packing.toDelete.map(deletion),
  ];
}

/** A Service without pods keeps one empty slice, so that everybody can see that there are none. */
function placeholder(service: Service, type: AddressType, existing: readonly EndpointSlice[]): Action<Writes>[] {
  const isPlaceholder = ({ endpoints = [], ports = [] }: EndpointSlice): boolean =>
    endpoints.length === 0 && ports.length === 0;
  const [kept] = existing.filter(isPlaceholder);
  if (kept !== undefined) return existing.filter((slice) => slice !== kept).map(deletion);
  const [first, ...others] = existing;
  if (first === undefined) return [creation(service, type, [], [], undefined)];
  return [update(service, { ...first, ports: [] }, [], undefined), ...others.map(deletion)];
}

/** Latest time at which a pod became ready or not: for kube-proxy's programming latency. */
function newestChange(group: readonly Pod[]): string | undefined {
  const times = group.flatMap((pod) => readyCondition(pod)?.lastTransitionTime ?? []).toSorted();
  return times.at(-1);
}

function labelsFor(service: Service): Record<string, string> {
  const { [HEADLESS]: _, [SERVICE_NAME]: __, [MANAGED_BY]: ___, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    ...(isHeadless(service) ? { [HEADLESS]: "" } : {}),
    [SERVICE_NAME]: service.metadata.name,
    [MANAGED_BY]: MANAGER,
  };
}

function creation(
  service: Service,
  addressType: AddressType,
  ports: EndpointPort[],
  endpoints: Endpoint[],
  newest: string | undefined,
): Action<Writes> {
  return {
    verb: "create",
    resource: "endpointSlices",
    object: {
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace,
        labels: labelsFor(service),
        ...(newest === undefined ? {} : { annotations: { [TRIGGER_TIME]: newest } }),
        ownerReferences: [controllerReference(service, services)],
      },
      addressType,
      ports,
      endpoints,
    },
    onFailure: {
      type: "Warning",
      reason: "FailedToUpdateEndpointSlices",
      message: `Error updating Endpoint Slices for Service ${objectKey(service)}: $error`,
    },
  };
}

function update(
  service: Service,
  slice: EndpointSlice,
  endpoints: Endpoint[],
  newest: string | undefined,
): Action<Writes> {
  const annotations = { ...slice.metadata.annotations, ...(newest === undefined ? {} : { [TRIGGER_TIME]: newest }) };
  const metadata = { ...slice.metadata, labels: labelsFor(service), annotations };
  return { verb: "update", resource: "endpointSlices", object: { ...slice, metadata, endpoints } };
}

function deletion(slice: EndpointSlice): Action<Writes> {
  return { verb: "delete", resource: "endpointSlices", target: slice };
}
