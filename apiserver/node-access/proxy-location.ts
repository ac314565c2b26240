/**
 * Where a `proxy` request goes (upstream: `ResourceLocation` of `pkg/registry/core/{pod,service,node}`). The name in
 * the URL is `[scheme:]name[:port]`; a port may be a number or, for services, a port's name.
 */
import type { Pod, Service } from "../../shared/api/generated/core/v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import { badRequest, StatusError } from "../../shared/errors/status-error.ts";

export interface ProxyLocation {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

export interface ProxiedName {
  readonly scheme: "http" | "https";
  readonly name: string;
  /** Empty when the URL names none. */
  readonly port: string;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** Throws 400 for what has another form. */
export function parseProxiedName(kind: "pod" | "service" | "node", text: string): ProxiedName {
  const parts = text.split(":");
  const [scheme, name, port] =
    parts.length === 1 ? ["", text, ""] : parts.length === 2 ? ["", ...parts] : parts.length === 3 ? parts : [];
  const isScheme = scheme === "" || scheme === "http" || scheme === "https";
  if (!isScheme || name === undefined || name === "") {
    throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  }
  return { scheme: scheme === "https" ? "https" : "http", name, port: port ?? "" };
}

/** Throws 400 for addresses of the apiserver's own machine: a pod's status must not open what only it may reach. */
export function checkProxyable(address: string): void {
  const isOwn = /^127\.|^::1$|^::ffff:127\.|^0\.0\.0\.0$|^::$/iu.test(address);
  const isLinkLocal = /^169\.254\.|^fe[89ab][0-9a-f]:|^22[45]\.0\.0\.|^ff[0-9a-f][12]:/iu.test(address);
  if (address === "" || isOwn || isLinkLocal) throw badRequest("address not allowed");
}

export function portNumber(text: string, fallback: number): number {
  if (text === "") return fallback;
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}

export function schemePort(scheme: "http" | "https"): number {
  return scheme === "https" ? HTTPS_PORT : HTTP_PORT;
}

/** The pod's address; its first declared port when the URL names none. */
export function podLocation(pod: Pod, { scheme, port }: ProxiedName): ProxyLocation {
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  checkProxyable(host);
  return { scheme, host, port: portNumber(port, declared ?? schemePort(scheme)) };
}

/** An endpoint of the service that is ready, chosen by `pick` (0 ≤ pick < 1); 503 when there is none. */
export function serviceLocation(
  service: Service,
  slices: readonly EndpointSlice[],
  { scheme, port }: ProxiedName,
  shown: string,
  pick: number,
): ProxyLocation {
  const portName = servicePortName(service, port);
  const candidates = slices.flatMap((slice) => {
    const slicePort = portOf(slice, portName)?.port;
    if (slicePort === undefined) return [];
    return readyAddresses(slice.endpoints ?? []).map((host) => ({ scheme, host, port: slicePort }));
  });
  const chosen = candidates[Math.floor(pick * candidates.length)];
  if (chosen === undefined) {
    throw new StatusError("ServiceUnavailable", `no endpoints available for service ${JSON.stringify(shown)}`);
  }
  checkProxyable(chosen.host);
  return chosen;
}

/** A port number of the service stands for the name of that port; a name for itself; nothing for the first port. */
function servicePortName(service: Service, port: string): string | undefined {
  if (port === "") return undefined;
  if (!/^[0-9]+$/u.test(port)) return port;
  const found = (service.spec.ports ?? []).find((one) => one.port === Number(port));
  if (found === undefined) {
    const name = JSON.stringify(service.metadata.name);
    throw new StatusError("ServiceUnavailable", `no service port ${port} found for service ${name}`);
  }
  return found.name ?? "";
}

/** Without a name: the only port, or the one that has no name. */
function portOf({ ports }: EndpointSlice, name: string | undefined): EndpointPort | undefined {
  const all = ports ?? [];
  if (name !== undefined) return all.find((one) => (one.name ?? "") === name);
  return all.find((one) => (one.name ?? "") === "");
}

function readyAddresses(endpoints: readonly Endpoint[]): string[] {
  return endpoints.filter((one) => one.conditions?.ready !== false).flatMap((one) => one.addresses?.[0] ?? []);
}
