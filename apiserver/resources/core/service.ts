import type { Service } from "../../../shared/api/generated/core/v1.ts";
import { services } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, labelsText, nameColumn, textColumn, wideColumn } from "../../tables/columns.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { defaultIngress, validateServiceStatus } from "./service-status.ts";
import { isExternallyAccessible } from "./service-traffic.ts";
import { validateService, validateServiceUpdate } from "./service-validation.ts";
import { serviceWarnings } from "./service-warnings.ts";

const STICKY_SECONDS = 10_800;

export const serviceStrategy = serve<Service>({
  resource: services,
  shortNames: ["svc"],
  categories: ["all"],
  storagePrefix: "services/specs",
  allowCreateOnUpdate: true,
  subresources: [
    {
      name: "proxy",
      verbs: ["create", "delete", "get", "patch", "update"],
      kind: { group: "", version: "v1", kind: "ServiceProxyOptions" },
      isConnect: true,
    },
  ],
  validateName: dnsLabelProblems,
  defaults: defaultService,
  prepareForCreate: (service) => {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      defaultIngress(next);
    },
    validateUpdate: validateServiceStatus,
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: serviceWarnings,
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

function defaultService(service: Service): void {
  const { spec } = service;
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
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  defaultIngress(service);
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
