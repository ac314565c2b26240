/** Questions about a Service's spec, as upstream's `pkg/api/service/util.go` answers them. Pure. */
import type { Service, ServicePort } from "../../shared/api/generated/core/v1.ts";

export const NO_CLUSTER_IP = "None";

export function typeOf(service: Service): string {
  return service.spec.type ?? "ClusterIP";
}

/** Every type but ExternalName has an address (or `None`). */
export function needsClusterIp(service: Service): boolean {
  return typeOf(service) !== "ExternalName";
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === NO_CLUSTER_IP || service.spec.clusterIPs?.[0] === NO_CLUSTER_IP;
}

export function needsNodePorts(service: Service): boolean {
  return typeOf(service) === "NodePort" || typeOf(service) === "LoadBalancer";
}

/** Whether ports that ask for none are given one. */
export function wantsNodePorts(service: Service): boolean {
  if (typeOf(service) === "NodePort") return true;
  return typeOf(service) === "LoadBalancer" && (service.spec.allocateLoadBalancerNodePorts ?? true);
}

export function needsHealthCheckPort(service: Service): boolean {
  return typeOf(service) === "LoadBalancer" && service.spec.externalTrafficPolicy === "Local";
}

export function portsOf(service: Service): ServicePort[] {
  return service.spec.ports ?? [];
}

/** Addresses that are really taken: none for headless and external ones. */
export function takenAddresses(service: Service): string[] {
  if (!needsClusterIp(service) || isHeadless(service)) return [];
  const { clusterIP = "", clusterIPs = [] } = service.spec;
  const all = clusterIPs.length > 0 ? clusterIPs : [clusterIP];
  return all.filter((address) => address !== "");
}

/** Node ports of a stored Service with its health check port, each once. */
export function takenNodePorts(service: Service): number[] {
  const ports = portsOf(service).map((port) => port.nodePort ?? 0);
  const healthCheck = needsHealthCheckPort(service) ? (service.spec.healthCheckNodePort ?? 0) : 0;
  return [...new Set([...ports, healthCheck])].filter((port) => port !== 0);
}

export function sameList(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  const left = a ?? [];
  const right = b ?? [];
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
