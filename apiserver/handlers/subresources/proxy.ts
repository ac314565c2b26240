/** `pods/proxy`, `services/proxy` and `nodes/proxy`: any method, any path, upgrades included. */
import type { Node, Service } from "../../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import { endpointSlices, nodes, services } from "../../../shared/resources/catalog.ts";
import type { RequestContext } from "../../http/request-context.ts";
import { sendBytes } from "../../http/respond.ts";
import { type Forward, forwardRequest } from "../../node-access/forward-request.ts";
import type { KubeletClient } from "../../node-access/kubelet-client.ts";
import { findPod, locateKubelet } from "../../node-access/kubelet-location.ts";
import {
  checkProxyable,
  parseProxiedName,
  podLocation,
  portNumber,
  serviceLocation,
} from "../../node-access/proxy-location.ts";
import type { Registry } from "../../registry/registry.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { Handler, ResourceTarget } from "../handler.ts";

export interface ProxyServices {
  readonly registry: Registry;
  readonly reader: ObjectReader;
  readonly kubelets: KubeletClient;
  /** Its randomness chooses among a service's endpoints. */
  readonly clock: Clock;
}

type Destination = Pick<Forward, "location" | "tls">;

/** As upstream: what is behind a proxy is the user's, who is not asked for certificates that we know. */
const UNCHECKED = { rejectUnauthorized: false };
const SERVICE_LABEL = "kubernetes.io/service-name";

/**
 * Splits the raw URL after the `proxy` segment. The escapes of the rest reach the backend as they came.
 * `count` is the number of segments up to and including `proxy`.
 */
function splitUrl(url: string, count: number): { prefix: string; path: string; query: string } {
  const at = url.indexOf("?");
  const [raw, query] = at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at)];
  const [prefix = raw] = new RegExp(`^(?:/+[^/]+){${count}}`, "u").exec(raw) ?? [];
  return { prefix: prefix.replace(/\/+/gu, "/"), path: raw.slice(prefix.length), query };
}

function createProxyHandler(destinationOf: (target: ResourceTarget) => Promise<Destination>): Handler {
  return async (context, target) => {
    const destination = await destinationOf(target);
    const segments = target.namespace === "" ? 5 : 7;
    const { prefix, path, query } = splitUrl(context.request.url ?? "/", segments);
    if (path === "" && context.upgrade === undefined && isRead(context)) {
      // Relative links of the page behind need the slash.
      context.response.setHeader("Location", `${prefix}/${query}`);
      return sendBytes(context, 301, "text/plain; charset=utf-8", "");
    }
    await forwardRequest(context, { ...destination, prefix, path: `${path === "" ? "/" : path}${query}` });
  };
}

function isRead({ request }: RequestContext): boolean {
  return request.method === "GET" || request.method === "HEAD";
}

export const createPodProxyHandler = ({ registry }: ProxyServices): Handler =>
  createProxyHandler(async (target) => {
    const asked = parseProxiedName("pod", target.name);
    const pod = await findPod(registry, target.namespace, asked.name);
    return { location: podLocation(pod, asked), tls: UNCHECKED };
  });

export const createServiceProxyHandler = ({ registry, reader, clock }: ProxyServices): Handler =>
  createProxyHandler(async (target) => {
    const asked = parseProxiedName("service", target.name);
    const { object } = await registry.get<Service>(services, target.namespace, asked.name);
    const slices: readonly EndpointSlice[] = reader
      .list(endpointSlices, target.namespace)
      .filter((slice) => slice.metadata.labels?.[SERVICE_LABEL] === asked.name);
    return { location: serviceLocation(object, slices, asked, target.name, clock.random()), tls: UNCHECKED };
  });

/** The kubelet itself with our certificate, or any other port of the node without. */
export const createNodeProxyHandler = ({ registry, kubelets }: ProxyServices): Handler =>
  createProxyHandler(async (target) => {
    const asked = parseProxiedName("node", target.name);
    await registry.get<Node>(nodes, "", asked.name);
    const kubelet = await locateKubelet(registry, asked.name);
    const { host } = kubelet;
    const port = portNumber(asked.port, kubelet.port);
    if (port === kubelet.port) return { location: { scheme: "https", host, port }, tls: kubelets.tls };
    checkProxyable(host);
    return { location: { scheme: asked.scheme, host, port }, tls: UNCHECKED };
  });
