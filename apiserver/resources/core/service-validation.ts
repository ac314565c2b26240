/** Rules of Services (`ValidateService`). Which addresses and node ports are free is the allocator's business. */
import type { Service, ServicePort, ServiceSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { CIDR_RULE, IP_RULE, isCidr, isIp } from "../../validation/addresses.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupported,
  required,
} from "../../validation/field-errors.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portNumberProblems,
} from "../../validation/names.ts";
import { immutable, validateLabels } from "../../validation/object-meta.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const POLICIES = ["Cluster", "Local"];
const AFFINITIES = ["ClientIP", "None"];
const STICKY_SECONDS_MAX = 86_400;

export function validateService(service: Service): FieldError[] {
  const { spec } = service;
  return [
    ...typeErrors(spec),
    ...portsErrors(spec),
    ...addressErrors(spec),
    ...validateLabels(spec.selector, "spec.selector"),
    ...affinityErrors(spec),
    ...policyErrors(spec),
  ];
}

function typeErrors(spec: ServiceSpec): FieldError[] {
  const type = spec.type ?? "";
  if (!TYPES.includes(type)) return [notSupported("spec.type", type, TYPES)];
  const isHeadless = spec.clusterIP === "None";
  if (type === "ExternalName") {
    const name = spec.externalName ?? "";
    const host = name.endsWith(".") ? name.slice(0, -1) : name;
    return [
      ...(name === ""
        ? [required("spec.externalName")]
        : invalidFor("spec.externalName", name, dnsSubdomainProblems(host))),
      ...((spec.clusterIP ?? "") === ""
        ? []
        : [forbiddenField("spec.clusterIPs[0]", "may not be set for ExternalName services")]),
    ];
  }
  if (isHeadless && (type === "NodePort" || type === "LoadBalancer")) {
    return [invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`)];
  }
  return [];
}

function portsErrors(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? [];
  const mayHaveNone = spec.clusterIP === "None" || spec.type === "ExternalName";
  const errors: FieldError[] = ports.length === 0 && !mayHaveNone ? [required("spec.ports")] : [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    errors.push(...portErrors(port, ports.length > 1, at), ...nodePortErrors(spec, port, at));
    const name = port.name ?? "";
    if (name !== "" && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    const number = `${port.protocol}/${port.port}`;
    if (numbers.has(number)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }));
    numbers.add(number);
    const nodePort = `${port.protocol}/${port.nodePort}`;
    if ((port.nodePort ?? 0) !== 0 && nodePorts.has(nodePort)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
    nodePorts.add(nodePort);
  });
  return errors;
}

function portErrors(port: ServicePort, needsName: boolean, field: string): FieldError[] {
  const name = port.name ?? "";
  const target = port.targetPort ?? port.port;
  return [
    ...(name === ""
      ? needsName
        ? [required(`${field}.name`)]
        : []
      : invalidFor(`${field}.name`, name, dnsLabelProblems(name))),
    ...invalidFor(`${field}.port`, port.port, portNumberProblems(port.port)),
    ...(PROTOCOLS.includes(port.protocol ?? "")
      ? []
      : [notSupported(`${field}.protocol`, port.protocol ?? "", PROTOCOLS)]),
    ...(typeof target === "number"
      ? invalidFor(`${field}.targetPort`, target, portNumberProblems(target))
      : invalidFor(`${field}.targetPort`, target, portNameProblems(target))),
  ];
}

function nodePortErrors(spec: ServiceSpec, port: ServicePort, field: string): FieldError[] {
  if ((port.nodePort ?? 0) === 0 || spec.type === "NodePort" || spec.type === "LoadBalancer") return [];
  return [forbiddenField(`${field}.nodePort`, `may not be used when \`type\` is '${spec.type}'`)];
}

function addressErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  addresses.forEach((address, index) => {
    if (address !== "None" && !isIp(address)) errors.push(invalidValue(`spec.clusterIPs[${index}]`, address, IP_RULE));
    if (address === "None" && addresses.length > 1)
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, address, "must be empty, or a valid IP address"));
  });
  if (spec.clusterIP !== undefined && spec.clusterIPs !== undefined && spec.clusterIPs[0] !== spec.clusterIP) {
    errors.push(invalidValue("spec.clusterIPs", spec.clusterIPs, "first value must match `clusterIP`"));
  }
  (spec.externalIPs ?? []).forEach((address, index) => {
    if (!isIp(address)) errors.push(invalidValue(`spec.externalIPs[${index}]`, address, IP_RULE));
  });
  (spec.loadBalancerSourceRanges ?? []).forEach((range, index) => {
    if (spec.type !== "LoadBalancer")
      errors.push(forbiddenField(`spec.LoadBalancerSourceRanges`, "may only be used when `type` is 'LoadBalancer'"));
    else if (!isCidr(range.trim()))
      errors.push(invalidValue(`spec.LoadBalancerSourceRanges[${index}]`, range, CIDR_RULE));
  });
  return errors;
}

function affinityErrors(spec: ServiceSpec): FieldError[] {
  const affinity = spec.sessionAffinity ?? "";
  if (!AFFINITIES.includes(affinity)) return [notSupported("spec.sessionAffinity", affinity, AFFINITIES)];
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (affinity !== "ClientIP" || seconds === undefined || (seconds > 0 && seconds <= STICKY_SECONDS_MAX)) return [];
  return [
    invalidValue(
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
      seconds,
      `must be greater than 0 and less than ${STICKY_SECONDS_MAX}`,
    ),
  ];
}

function policyErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  if (external !== undefined && !POLICIES.includes(external))
    errors.push(notSupported("spec.externalTrafficPolicy", external, POLICIES));
  const isReachedFromOutside =
    spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  if (external !== undefined && !isReachedFromOutside)
    errors.push(
      invalidValue("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services"),
    );
  if (internal !== undefined && !POLICIES.includes(internal))
    errors.push(notSupported("spec.internalTrafficPolicy", internal, POLICIES));
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== "LoadBalancer")
    errors.push(forbiddenField("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"));
  if (spec.loadBalancerClass !== undefined && spec.type !== "LoadBalancer")
    errors.push(forbiddenField("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
  return errors;
}

export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const isAllocated = (service: Service): boolean =>
    service.spec.type !== "ExternalName" && (service.spec.clusterIP ?? "") !== "";
  if (!isAllocated(next) || !isAllocated(previous)) return [];
  return immutable(next.spec.clusterIP, previous.spec.clusterIP, "spec.clusterIPs[0]").map((error) =>
    invalidValue(error.field, next.spec.clusterIPs ?? [next.spec.clusterIP], "may not change once set"),
  );
}
