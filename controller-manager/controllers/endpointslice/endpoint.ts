/** From one pod to its endpoint and its ports (upstream: `endpointslice/utils.go`). */
import type { Pod, Service } from "../../../shared/api/generated/core/v1.ts";
import type { Endpoint, EndpointPort } from "../../../shared/api/generated/discovery/v1.ts";
import { isReady, isTerminating } from "../../pods/pod-state.ts";
import { hostnameIn, portNumber } from "../../services/service-pods.ts";

export type AddressType = "IPv4" | "IPv6";

const familyOf = (ip: string): AddressType => (ip.includes(":") ? "IPv6" : "IPv4");

/** Families of the Service, of which each has its own slices. */
export function addressTypesOf({ spec }: Service): AddressType[] {
  const families = (spec.ipFamilies ?? []).filter((family) => family === "IPv4" || family === "IPv6");
  if (families.length > 0) return families;
  return [
    spec.clusterIP === undefined || spec.clusterIP === "None" || spec.clusterIP === ""
      ? "IPv4"
      : familyOf(spec.clusterIP),
  ];
}

/** The pod as an endpoint of that family; nothing when it has no address of it. */
export function endpointOf(service: Service, pod: Pod, addressType: AddressType): Endpoint | undefined {
  const ips = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP ?? ""];
  const address = ips.find((ip) => ip !== "" && familyOf(ip) === addressType);
  if (address === undefined) return undefined;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameIn(service, pod);
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(pod.spec.nodeName === undefined || pod.spec.nodeName === "" ? {} : { nodeName: pod.spec.nodeName }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

/** The Service's ports as that pod serves them; ports whose name it does not know are left out. */
export function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = portNumber(pod, servicePort);
    if (port === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
