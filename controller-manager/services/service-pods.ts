/** What both endpoint controllers ask about a Service and its pods (upstream: `endpointslice/util`, `pkg/api/v1/pod`). */
import type { Container, Pod, Service, ServicePort } from "../../shared/api/generated/core/v1.ts";
import type { Lister } from "../../shared/informer/lister.ts";
import { selectorFromSet } from "../../shared/machinery/label-selector.ts";
import { objectKey } from "../../shared/resources/resource.ts";
import { isFinished, isTerminating } from "../pods/pod-state.ts";

/** Somebody else writes the endpoints of a Service without a selector; an ExternalName has none. */
export function selectsPods({ spec }: Service): boolean {
  return spec.selector !== undefined && Object.keys(spec.selector).length > 0 && spec.type !== "ExternalName";
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === "None";
}

/** Pods of the Service that have an address and are not finished, in the order of their names. */
export function podsBehind(service: Service, pods: Lister<Pod>, includeTerminating: boolean): Pod[] {
  const selector = selectorFromSet(service.spec.selector);
  return pods
    .list(service.metadata.namespace ?? "")
    .filter((pod) => selector.matches(pod.metadata.labels))
    .filter(
      (pod) => (pod.status?.podIP ?? "") !== "" && !isFinished(pod) && (includeTerminating || !isTerminating(pod)),
    )
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Keys of the Services that select the pod. */
export function servicesOf(pod: Pod, services: Lister<Service>): string[] {
  return services
    .list(pod.metadata.namespace ?? "")
    .filter((service) => selectsPods(service) && selectorFromSet(service.spec.selector).matches(pod.metadata.labels))
    .map(objectKey);
}

/** The port number in that pod; nothing when no container has a port of that name. */
export function portNumber(pod: Pod, { targetPort, port, protocol = "TCP" }: ServicePort): number | undefined {
  if (typeof targetPort === "number") return targetPort === 0 ? port : targetPort;
  if (targetPort === undefined || targetPort === "") return port;
  const isSidecar = (container: Container): boolean => container.restartPolicy === "Always";
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)];
  return containers
    .flatMap((container) => container.ports ?? [])
    .find((each) => each.name === targetPort && (each.protocol ?? "TCP") === protocol)?.containerPort;
}

/** The pod's own name in the Service's domain, when it asks for one. */
export function hostnameIn(service: Service, { spec, metadata }: Pod): string | undefined {
  const isInDomain = spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace;
  return isInDomain && spec.hostname !== undefined && spec.hostname !== "" ? spec.hostname : undefined;
}
