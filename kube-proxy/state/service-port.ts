import type { Service, ServicePort as ApiServicePort } from "../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import { parseIp } from "../../shared/machinery/cidr.ts";
import { endpointsOf, type ServiceEndpoint } from "./endpoint.ts";

export type Protocol = "TCP" | "UDP" | "SCTP";

/** One port of one service: the unit that rules are made for (upstream: `ServicePort` of `pkg/proxy`). */
export interface ServicePort {
  /** `namespace/name:port`, or `namespace/name` for a port without a name: upstream's `ServicePortName`. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly clusterIp: string;
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  /** Sources that may use the load balancer addresses; empty: everybody. */
  readonly loadBalancerSourceRanges: readonly string[];
  /** How long a client stays with its endpoint; undefined without session affinity. */
  readonly affinitySeconds: number | undefined;
  readonly isInternalLocal: boolean;
  readonly isExternalLocal: boolean;
  readonly endpoints: readonly ServiceEndpoint[];
}

const AFFINITY_SECONDS_DEFAULT = 10_800;

function isProtocol(text: string): text is Protocol {
  return text === "TCP" || text === "UDP" || text === "SCTP";
}

const isIpv4 = (text: string): boolean => parseIp(text)?.family === "IPv4";

/** The service's IPv4 address; undefined for headless services, ExternalName, and IPv6-only services. */
function clusterIpOf(service: Service): string | undefined {
  const spec = service.spec;
  if (spec === undefined || spec.type === "ExternalName") return undefined;
  return [...(spec.clusterIPs ?? []), spec.clusterIP ?? ""].find(isIpv4);
}

/** Service ports of one service with their endpoints; empty for services that a proxy has nothing to do with. */
export function servicePortsOf(service: Service, slices: readonly EndpointSlice[], nodeName: string): ServicePort[] {
  const clusterIp = clusterIpOf(service);
  if (clusterIp === undefined) return [];
  return (service.spec?.ports ?? []).flatMap((port) => {
    const protocol = port.protocol ?? "TCP";
    if (!isProtocol(protocol)) return [];
    return [servicePort(service, clusterIp, port, protocol, endpointsOf(slices, port.name ?? "", protocol, nodeName))];
  });
}

function servicePort(
  service: Service,
  clusterIp: string,
  port: ApiServicePort,
  protocol: Protocol,
  endpoints: readonly ServiceEndpoint[],
): ServicePort {
  const spec = service.spec ?? {};
  const owner = `${service.metadata.namespace ?? ""}/${service.metadata.name}`;
  const isLoadBalancer = spec.type === "LoadBalancer";
  const ingress = isLoadBalancer ? (service.status?.loadBalancer?.ingress ?? []) : [];
  const externalIps = (spec.externalIPs ?? []).filter(isIpv4);
  const isExternal = isLoadBalancer || spec.type === "NodePort" || externalIps.length > 0;
  return {
    name: port.name === undefined || port.name === "" ? owner : `${owner}:${port.name}`,
    protocol,
    clusterIp,
    port: port.port,
    nodePort: port.nodePort === undefined || port.nodePort === 0 ? undefined : port.nodePort,
    externalIps,
    loadBalancerIps: ingress
      .filter((entry) => (entry.ipMode ?? "VIP") === "VIP")
      .flatMap((entry) => (entry.ip !== undefined && isIpv4(entry.ip) ? [entry.ip] : [])),
    loadBalancerSourceRanges: isLoadBalancer
      ? (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter((range) => !range.includes(":"))
      : [],
    affinitySeconds:
      spec.sessionAffinity === "ClientIP"
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT)
        : undefined,
    isInternalLocal: spec.internalTrafficPolicy === "Local",
    isExternalLocal: isExternal && spec.externalTrafficPolicy === "Local",
    endpoints,
  };
}

/** True when something else than the cluster IP leads to the port. */
export function isExternallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== undefined || port.externalIps.length > 0 || port.loadBalancerIps.length > 0;
}
