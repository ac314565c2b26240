/** UDP flows that conntrack still sends where nobody serves any more. Pure. */
import { addressOf } from "../state/endpoint.ts";
import type { ServicePort } from "../state/service-port.ts";

/** One line of `conntrack -L`: what the client sent, and from where the answer comes. */
export interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** Address that answers: the endpoint, when the destination was rewritten. */
  readonly answerFrom: string;
  readonly answerPort: number;
}

const LINE = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).*?src=(\S+) dst=\S+ sport=(\d+) dport=\d+/;

/** Reads the output of `conntrack -L -p udp`. */
export function parseFlows(output: string): Flow[] {
  return output.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, source = "", destination = "", sourcePort, destinationPort, answerFrom = "", answerPort] = match;
    return [
      {
        source,
        sourcePort: Number(sourcePort),
        destination,
        destinationPort: Number(destinationPort),
        answerFrom,
        answerPort: Number(answerPort),
      },
    ];
  });
}

/** Addresses of endpoints that a flow of `port` may be pinned to. */
function serving(port: ServicePort): Set<string> {
  const endpoints = port.endpoints.filter((endpoint) => endpoint.isReady || endpoint.isServing);
  return new Set(endpoints.map(addressOf));
}

/**
 * Flows to a UDP service port that are answered by something that is none of its endpoints: the endpoint went away,
 * or the flow began when there was none (upstream: `pkg/proxy/conntrack/cleanup.go`). A datagram of such a flow
 * would never be balanced anew, because only a flow's first packet passes the rules.
 */
export function staleFlows(
  flows: readonly Flow[],
  ports: Iterable<ServicePort>,
  nodeAddresses: ReadonlySet<string>,
): Flow[] {
  const byAddress = new Map<string, Set<string>>();
  const byNodePort = new Map<number, Set<string>>();
  for (const port of ports) {
    if (port.protocol !== "UDP") continue;
    const endpoints = serving(port);
    const ips = [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps];
    for (const ip of ips) byAddress.set(addressOf({ ip, port: port.port }), endpoints);
    if (port.nodePort !== undefined) byNodePort.set(port.nodePort, endpoints);
  }
  return flows.filter((flow) => {
    const direct = byAddress.get(addressOf({ ip: flow.destination, port: flow.destinationPort }));
    const toNode = nodeAddresses.has(flow.destination) ? byNodePort.get(flow.destinationPort) : undefined;
    const endpoints = direct ?? toNode;
    return endpoints !== undefined && !endpoints.has(addressOf({ ip: flow.answerFrom, port: flow.answerPort }));
  });
}
