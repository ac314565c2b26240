/** The Endpoints object of a Service, for clients from before EndpointSlices (upstream: `pkg/controller/endpoint`). */
import type {
  EndpointAddress,
  EndpointPort,
  Endpoints,
  EndpointSubset,
  Pod,
  Service,
} from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { endpoints, pods } from "../../../shared/resources/catalog.ts";
import { isReady, readyCondition } from "../../pods/pod-state.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { hostnameIn, isHeadless, podsBehind, portNumber, selectsPods } from "../../services/service-pods.ts";

export type Reads = { readonly pods: typeof pods; readonly endpoints: typeof endpoints };
export type Writes = { readonly endpoints: typeof endpoints };
type EndpointsWorld = World<Service, Reads>;

/** Addresses that one object holds; the rest is left out, with an annotation that says so. */
export const ADDRESSES_MAX = 1000;
const HEADLESS = "service.kubernetes.io/headless";
const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

export function planEndpoints(service: Service, world: EndpointsWorld): Plan<Service, Writes> {
  if (!selectsPods(service) || service.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const { namespace, name } = service.metadata;
  const behind = podsBehind(service, world.pods, service.spec.publishNotReadyAddresses === true);
  const subsets = subsetsOf(service, behind.slice(0, ADDRESSES_MAX));
  const present = world.endpoints.get(namespace, name);
  const labels = labelsFor(service);
  const annotations = annotationsFor(service, present, behind);
  if (present === undefined) {
    return {
      actions: [
        {
          verb: "create",
          resource: "endpoints",
          object: { metadata: { name, namespace, labels, annotations }, subsets },
        },
      ],
    };
  }
  const isSame = deepEqual(present.subsets ?? [], subsets) && deepEqual(present.metadata.labels ?? {}, labels);
  if (isSame) return { actions: [] };
  return {
    actions: [
      {
        verb: "update",
        resource: "endpoints",
        object: { ...present, metadata: { ...present.metadata, labels, annotations }, subsets },
      },
    ],
  };
}

/** The Endpoints go with their Service. */
export function planEndpointsOfGone(
  at: { namespace: string | undefined; name: string },
  world: EndpointsWorld,
): Plan<Service, Writes> {
  const present = world.endpoints.get(at.namespace, at.name);
  const isManaged = present?.metadata.labels?.[MANAGED_BY] === "endpoint-controller";
  return {
    actions: present === undefined || !isManaged ? [] : [{ verb: "delete", resource: "endpoints", target: present }],
  };
}

function labelsFor(service: Service): Record<string, string> {
  const { [HEADLESS]: _, ...own } = service.metadata.labels ?? {};
  return { ...own, ...(isHeadless(service) ? { [HEADLESS]: "" } : {}), [MANAGED_BY]: "endpoint-controller" };
}

function annotationsFor(
  service: Service,
  present: Endpoints | undefined,
  behind: readonly Pod[],
): Record<string, string> {
  const { [OVER_CAPACITY]: _, ...kept } = present?.metadata.annotations ?? {};
  const newest = behind
    .flatMap((pod) => readyCondition(pod)?.lastTransitionTime ?? [])
    .toSorted()
    .at(-1);
  const changedAt = newest ?? service.metadata.creationTimestamp;
  return {
    ...kept,
    ...(behind.length > ADDRESSES_MAX ? { [OVER_CAPACITY]: "truncated" } : {}),
    ...(changedAt === undefined ? {} : { [TRIGGER_TIME]: changedAt }),
  };
}

/** A subset for each distinct list of ports, with its ready and its other addresses. */
function subsetsOf(service: Service, behind: readonly Pod[]): EndpointSubset[] {
  const subsets = new Map<string, EndpointSubset>();
  for (const pod of behind) {
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? (ports.length === 0 ? {} : { ports });
    subsets.set(key, subset);
    const isShown = isReady(pod) || service.spec.publishNotReadyAddresses === true;
    if (isShown) (subset.addresses ??= []).push(addressOf(service, pod));
    else (subset.notReadyAddresses ??= []).push(addressOf(service, pod));
  }
  return [...subsets.values()];
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = portNumber(pod, servicePort);
    if (port === undefined) return [];
    const { name, protocol = "TCP", appProtocol } = servicePort;
    return [
      {
        port,
        protocol,
        ...(name === undefined || name === "" ? {} : { name }),
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ];
  });
}

function addressOf(service: Service, pod: Pod): EndpointAddress {
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameIn(service, pod);
  return {
    ip: pod.status?.podIP ?? "",
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
