/** Where the kubelet of a pod listens, and which container a request means (upstream: `pkg/registry/core/pod/strategy.go`). */
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import { badRequest, notFound, StatusError } from "../../shared/errors/status-error.ts";
import { nodes, pods } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";

export interface KubeletLocation {
  readonly nodeName: string;
  readonly host: string;
  readonly port: number;
}

const KUBELET_PORT_DEFAULT = 10_250;
/** Kinds of node addresses, best first: on our networks an IP always leads there, a name only where DNS does. */
const ADDRESS_TYPES = ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"] as const;

/** Rejects with `StatusError` when the node is missing or has not told its address yet. */
export async function locateKubelet(registry: Registry, nodeName: string): Promise<KubeletLocation> {
  const { object } = await registry.get<Node>(nodes, "", nodeName);
  const addresses = object.status?.addresses ?? [];
  for (const type of ADDRESS_TYPES) {
    const address = addresses.find((candidate) => candidate.type === type)?.address;
    if (address !== undefined && address !== "") {
      return {
        nodeName,
        host: address,
        port: object.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? KUBELET_PORT_DEFAULT,
      };
    }
  }
  throw new StatusError("ServiceUnavailable", `node "${nodeName}" has no address to reach its kubelet at`);
}

/** The pod, or 404. */
export async function findPod(registry: Registry, namespace: string, name: string): Promise<Pod> {
  if (name === "") throw notFound(pods, name);
  return (await registry.get<Pod>(pods, namespace, name)).object;
}

/** Name of the container that is meant: the only one when none was named. Throws 400 otherwise. */
export function chooseContainer(pod: Pod, asked: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const { name } = pod.metadata;
  if (asked === "") {
    const only = containers.length === 1 && initContainers.length === 0 ? containers[0] : undefined;
    if (only !== undefined) return only.name;
    const choice = `choose one of: [${containers.map((container) => container.name).join(" ")}]`;
    const init =
      initContainers.length > 0
        ? ` or one of the init containers: [${initContainers.map((container) => container.name).join(" ")}]`
        : "";
    throw badRequest(`a container name must be specified for pod ${name}, ${choice}${init}`);
  }
  const isKnown = [...containers, ...initContainers, ...ephemeralContainers].some(
    (container) => container.name === asked,
  );
  if (!isKnown) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}

/** Name of the pod's node; throws 400 while it has none. */
export function nodeOf(pod: Pod): string {
  const { nodeName } = pod.spec;
  if (nodeName === undefined || nodeName === "")
    throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return nodeName;
}
