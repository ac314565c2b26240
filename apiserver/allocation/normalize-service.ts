/**
 * What clients leave out of an update of a Service, and what its type no longer needs (upstream:
 * `pkg/registry/core/service/strategy.go`, `storage/storage.go`). Pure; changes `next` in place.
 */
import type { Service, ServicePort } from "../../shared/api/generated/core/v1.ts";
import { needsClusterIp, needsHealthCheckPort, needsNodePorts, portsOf, sameList, typeOf } from "./service-spec.ts";

/** Keeps `clusterIP` and `clusterIPs[0]` the same when a client knows only one of them. */
function syncClusterIps(next: Service, previous: Service | undefined): void {
  const { spec } = next;
  const listed = spec.clusterIPs ?? [];
  const single = spec.clusterIP ?? "";
  if (previous === undefined) {
    if (single !== "" && listed.length === 0) spec.clusterIPs = [single];
    else if (single === "" && listed.length > 0) spec.clusterIP = listed[0];
    return;
  }
  const isListSame = sameList(listed, previous.spec.clusterIPs);
  const isSingleSame = single === (previous.spec.clusterIP ?? "");
  if (!isSingleSame && isListSame && listed.length > 0) {
    spec.clusterIPs = single === "" ? undefined : [single, ...listed.slice(1)];
  } else if (!isSingleSame && listed.length === 0 && single !== "") {
    spec.clusterIPs = [single];
  } else if (isSingleSame && !isListSame) {
    if (listed.length === 0) delete spec.clusterIPs;
    else spec.clusterIP = listed[0];
  }
}

function portKey(port: ServicePort): string {
  return `${port.protocol ?? "TCP"} ${port.port}`;
}

/** A client that sends no allocated values means those that are there. */
function keepAllocated(next: Service, previous: Service): void {
  if (needsClusterIp(previous) && needsClusterIp(next)) {
    if ((next.spec.clusterIP ?? "") === "") next.spec.clusterIP = previous.spec.clusterIP;
    const isSame = next.spec.clusterIP === previous.spec.clusterIP;
    if (isSame && (next.spec.clusterIPs ?? []).length === 0)
      next.spec.clusterIPs = [...(previous.spec.clusterIPs ?? [])];
  }
  if (needsNodePorts(previous) && needsNodePorts(next)) {
    const used = new Set(portsOf(next).map((port) => `${port.protocol ?? "TCP"} ${port.nodePort ?? 0}`));
    const known = new Map(portsOf(previous).map((port) => [portKey(port), port.nodePort ?? 0]));
    for (const port of portsOf(next)) {
      const nodePort = known.get(portKey(port)) ?? 0;
      if ((port.nodePort ?? 0) !== 0 || nodePort === 0 || used.has(`${port.protocol ?? "TCP"} ${nodePort}`)) continue;
      port.nodePort = nodePort;
    }
  }
  if (needsHealthCheckPort(previous) && needsHealthCheckPort(next)) {
    next.spec.healthCheckNodePort ??= previous.spec.healthCheckNodePort;
  }
}

function dropAddresses(next: Service, previous: Service): void {
  const { spec } = next;
  if (sameList(spec.clusterIPs, previous.spec.clusterIPs) && spec.clusterIP === previous.spec.clusterIP) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (sameList(spec.ipFamilies, previous.spec.ipFamilies)) delete spec.ipFamilies;
  if (spec.ipFamilyPolicy === previous.spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  if (spec.internalTrafficPolicy === previous.spec.internalTrafficPolicy) delete spec.internalTrafficPolicy;
}

/** Fields of the former type that the client did not touch go away with it. */
function dropFormer(next: Service, previous: Service): void {
  const { spec } = next;
  if (needsClusterIp(previous) && !needsClusterIp(next)) dropAddresses(next, previous);
  if (needsNodePorts(previous) && !needsNodePorts(next)) {
    const before = portsOf(previous).map((port) => port.nodePort ?? 0);
    const after = portsOf(next).map((port) => port.nodePort ?? 0);
    if (after.every((nodePort) => nodePort === 0 || before.includes(nodePort))) {
      for (const port of portsOf(next)) delete port.nodePort;
    }
    if (spec.externalTrafficPolicy === previous.spec.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (needsHealthCheckPort(previous) && !needsHealthCheckPort(next)) {
    if (spec.healthCheckNodePort === previous.spec.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (typeOf(previous) === "LoadBalancer" && typeOf(next) !== "LoadBalancer") {
    if (spec.loadBalancerClass === previous.spec.loadBalancerClass) delete spec.loadBalancerClass;
    delete spec.allocateLoadBalancerNodePorts;
  }
}

export function normalizeService(next: Service, previous: Service | undefined): void {
  syncClusterIps(next, previous);
  if (previous === undefined) return;
  keepAllocated(next, previous);
  dropFormer(next, previous);
}
