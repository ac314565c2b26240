import type { Service } from "../../../shared/api/generated/core/v1.ts";
import { services } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, labelsText, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { dns1035LabelProblems } from "../../validation/names.ts";
import { validateService, validateServiceUpdate } from "./service-validation.ts";

const STICKY_SECONDS = 10_800;

export const serviceStrategy = serve<Service>({
  resource: services,
  shortNames: ["svc"],
  categories: ["all"],
  storagePrefix: "services/specs",
  subresources: [
    {
      name: "proxy",
      verbs: ["create", "delete", "get", "patch", "update"],
      kind: { group: "", version: "v1", kind: "ServiceProxyOptions" },
      isConnect: true,
    },
  ],
  validateName: dns1035LabelProblems,
  defaults: defaultService,
  prepareForCreate: (service) => {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
    keepAllocated(next, previous);
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  selectableFields: {
    "spec.clusterIP": (service) => service.spec.clusterIP ?? "",
    "spec.type": (service) => service.spec.type ?? "",
  },
  columns: [
    nameColumn,
    textColumn("Type", "How the service is reached.", (service) => service.spec.type ?? ""),
    textColumn("Cluster-IP", "Address inside the cluster.", (service) => clusterIpText(service)),
    textColumn("External-IP", "Addresses outside the cluster.", externalText),
    textColumn("Port(s)", "Ports, with node ports behind the colon.", portsText),
    ageColumn,
    wideColumn("Selector", "Labels of the pods behind it.", (service) => labelsText(service.spec.selector)),
  ],
  example: { spec: { selector: { app: "web" }, ports: [{ port: 80 }] } },
});

function defaultService({ spec }: Service): void {
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP") {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= STICKY_SECONDS;
  }
  spec.type ??= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  const isReachedFromOutside =
    spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  if (isReachedFromOutside && spec.type !== "ExternalName") spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
}

/** An update that leaves out what was allocated keeps it, as long as the type still wants it (`patchAllocatedValues`). */
function keepAllocated(next: Service, previous: Service): void {
  const wantsAddress = (service: Service): boolean => service.spec.type !== "ExternalName";
  if (wantsAddress(next) && wantsAddress(previous)) {
    if ((next.spec.clusterIP ?? "") === "" && (next.spec.clusterIPs ?? []).length === 0) {
      next.spec.clusterIP = previous.spec.clusterIP;
      next.spec.clusterIPs = previous.spec.clusterIPs;
    }
    next.spec.ipFamilies ??= previous.spec.ipFamilies;
    next.spec.ipFamilyPolicy ??= previous.spec.ipFamilyPolicy;
  }
  const wantsNodePort = (service: Service): boolean =>
    service.spec.type === "NodePort" || service.spec.type === "LoadBalancer";
  if (!wantsNodePort(next) || !wantsNodePort(previous)) return;
  const taken = new Set((next.spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of next.spec.ports ?? []) {
    const same = (previous.spec.ports ?? []).find((old) => old.port === port.port && old.protocol === port.protocol);
    if ((port.nodePort ?? 0) === 0 && same?.nodePort !== undefined && !taken.has(same.nodePort)) {
      port.nodePort = same.nodePort;
      taken.add(same.nodePort);
    }
  }
}

function clusterIpText({ spec }: Service): string {
  const address = spec.clusterIPs?.[0] ?? spec.clusterIP ?? "";
  return address === "" ? "<none>" : address;
}

function externalText(service: Service): string {
  const { spec, status } = service;
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ExternalName":
      return spec.externalName ?? "";
    case "LoadBalancer": {
      const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
      const all = [...balanced, ...external].join(",");
      return all === "" ? "<pending>" : all;
    }
    case undefined:
    default:
      return external.length === 0 ? "<none>" : external.join(",");
  }
}

function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) => {
    const node = nodePort === undefined || nodePort === 0 ? "" : `:${nodePort}`;
    return `${port}${node}/${protocol ?? "TCP"}`;
  });
  return ports.length === 0 ? "<none>" : ports.join(",");
}
