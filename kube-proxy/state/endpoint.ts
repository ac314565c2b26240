import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";

/** One address behind a service port, with what decides whether it gets traffic. */
export interface ServiceEndpoint {
  readonly ip: string;
  readonly port: number;
  /** On this node. */
  readonly isLocal: boolean;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
}

export const addressOf = (endpoint: { ip: string; port: number }): string => `${endpoint.ip}:${endpoint.port}`;

/**
 * Endpoints of the port called `portName`, over all slices of a service, one per address, in a stable order.
 * An address in two slices (a pod that moves between them) is as ready as the readier of the two says.
 */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  protocol: string,
  nodeName: string,
): ServiceEndpoint[] {
  const byAddress = new Map<string, ServiceEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue;
    for (const port of slice.ports ?? []) {
      const isWanted = (port.name ?? "") === portName && (port.protocol ?? "TCP") === protocol;
      if (port.port === undefined || !isWanted) continue;
      for (const endpoint of readEndpoints(slice, port.port, nodeName)) {
        const known = byAddress.get(addressOf(endpoint));
        if (known?.isReady !== true) byAddress.set(addressOf(endpoint), endpoint);
      }
    }
  }
  return [...byAddress.values()].toSorted((left, right) => (addressOf(left) < addressOf(right) ? -1 : 1));
}

function readEndpoints(slice: EndpointSlice, port: number, nodeName: string): ServiceEndpoint[] {
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const ip = endpoint.addresses[0];
    if (ip === undefined) return [];
    const { ready = true, serving, terminating = false } = endpoint.conditions ?? {};
    return [
      {
        ip,
        port,
        isLocal: endpoint.nodeName === nodeName,
        isReady: ready,
        isServing: serving ?? ready,
        isTerminating: terminating,
      },
    ];
  });
}

/** Which endpoints traffic of each policy may reach. */
export interface UsableEndpoints {
  /** For policy `Cluster`: all ready ones, or else those that end but still serve. */
  readonly cluster: readonly ServiceEndpoint[];
  /** For policy `Local`: the same choice among those of this node. */
  readonly local: readonly ServiceEndpoint[];
}

/** Ready endpoints, or when there is none those that terminate but still serve (KEP-1669). */
function choose(endpoints: readonly ServiceEndpoint[]): ServiceEndpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.isReady);
  if (ready.length > 0) return ready;
  return endpoints.filter((endpoint) => endpoint.isServing && endpoint.isTerminating);
}

/** `CategorizeEndpoints` of upstream's `pkg/proxy/topology.go`, without topology hints. */
export function usableEndpoints(endpoints: readonly ServiceEndpoint[]): UsableEndpoints {
  return { cluster: choose(endpoints), local: choose(endpoints.filter((endpoint) => endpoint.isLocal)) };
}
