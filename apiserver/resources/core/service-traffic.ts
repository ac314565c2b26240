/** Rules of how traffic reaches a Service: policies, health checks, load balancers, stickiness (`ValidateService`). */
import type { Service, ServiceSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { needsHealthCheckPort } from "../../allocation/service-spec.ts";
import { cidrProblems } from "../../validation/addresses.ts";
import { addChoiceErrors, addInvalid, addOptionalChoiceErrors } from "../../validation/error-list.ts";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  notSupportedInOrder,
  required,
} from "../../validation/field-errors.ts";
import { portNumberProblems } from "../../validation/names.ts";

const POLICIES = ["Cluster", "Local"];
const AFFINITIES = ["ClientIP", "None"];
const DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const STICKY_SECONDS_MAX = 86_400;
export const SOURCE_RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";

/** Whether anything but pods can reach it (`ExternallyAccessible`). */
export function isExternallyAccessible(spec: ServiceSpec): boolean {
  return (
    spec.type === "LoadBalancer" ||
    spec.type === "NodePort" ||
    (spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0)
  );
}

export function addAffinityErrors(spec: ServiceSpec, errors: FieldError[]): void {
  const { sessionAffinity: affinity, sessionAffinityConfig: config } = spec;
  addChoiceErrors(errors, "spec.sessionAffinity", affinity, AFFINITIES);
  const at = "spec.sessionAffinityConfig";
  if (affinity === "None" && config !== undefined)
    errors.push(forbiddenField(at, "must not be set when session affinity is None"));
  if (affinity !== "ClientIP") return;
  const why = "when session affinity type is ClientIP";
  const seconds = config?.clientIP?.timeoutSeconds;
  if (config === undefined) errors.push(required(at, why));
  else if (config.clientIP === undefined) errors.push(required(`${at}.clientIP`, why));
  else if (seconds === undefined) errors.push(required(`${at}.clientIP.timeoutSeconds`, why));
  else if (seconds <= 0 || seconds > STICKY_SECONDS_MAX)
    errors.push(
      invalidValue(
        `${at}.clientIP.timeoutSeconds`,
        seconds,
        `must be greater than 0 and less than ${STICKY_SECONDS_MAX}`,
      ),
    );
}

export function addSourceRangeErrors(service: Service, previous: Service | undefined, errors: FieldError[]): void {
  const { spec, metadata } = service;
  const isBalanced = spec.type === "LoadBalancer";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const text = metadata.annotations?.[SOURCE_RANGES_ANNOTATION];
  if (ranges.length > 0) {
    const at = "spec.LoadBalancerSourceRanges";
    const known = new Set((previous?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()));
    if (!isBalanced) errors.push(forbiddenField(at, ONLY_BALANCED));
    ranges.forEach((padded, index) => {
      const range = padded.trim();
      if (!known.has(range)) addInvalid(errors, `${at}[${index}]`, range, cidrProblems(range));
    });
  } else if (text !== undefined) {
    const at = `metadata.annotations[${SOURCE_RANGES_ANNOTATION}]`;
    if (!isBalanced) errors.push(forbiddenField(at, ONLY_BALANCED));
    if (text.trim() === "" || text === previous?.metadata.annotations?.[SOURCE_RANGES_ANNOTATION]) return;
    for (const range of text.split(",")) addInvalid(errors, at, range.trim(), cidrProblems(range.trim()));
  }
}

export function addBalancerErrors(spec: ServiceSpec, errors: FieldError[]): void {
  const isBalanced = spec.type === "LoadBalancer";
  const { allocateLoadBalancerNodePorts: allocates, loadBalancerClass: name } = spec;
  if (allocates !== undefined && !isBalanced)
    errors.push(forbiddenField("spec.allocateLoadBalancerNodePorts", ONLY_BALANCED));
  if (allocates === undefined && isBalanced) errors.push(required("allocateLoadBalancerNodePorts"));
  if (name === undefined) return;
  if (isBalanced) addInvalid(errors, "spec.loadBalancerClass", name, qualifiedNameProblems(name));
  else errors.push(forbiddenField("spec.loadBalancerClass", ONLY_BALANCED));
}

export function addPolicyErrors(service: Service, errors: FieldError[]): void {
  const { spec } = service;
  const { externalTrafficPolicy: external = "", internalTrafficPolicy: internal } = spec;
  if (isExternallyAccessible(spec)) addChoiceErrors(errors, "spec.externalTrafficPolicy", external, POLICIES);
  else if (external !== "")
    errors.push(
      invalidValue("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services"),
    );
  addHealthCheckErrors(service, errors);
  if (internal === undefined && spec.type !== "ExternalName") errors.push(required("spec.internalTrafficPolicy"));
  else addOptionalChoiceErrors(errors, "spec.internalTrafficPolicy", internal, POLICIES);
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution))
    errors.push(notSupportedInOrder("spec.trafficDistribution", distribution, DISTRIBUTIONS));
}

function addHealthCheckErrors(service: Service, errors: FieldError[]): void {
  const port = service.spec.healthCheckNodePort ?? 0;
  const at = "spec.healthCheckNodePort";
  const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  if (!needsHealthCheckPort(service)) {
    if (port !== 0) errors.push(invalidValue(at, port, why));
  } else if (port === 0) errors.push(required(at));
  else addInvalid(errors, at, port, portNumberProblems(port));
}

/** Fields of load balancers and their health checks that stay. */
export function addTrafficChangeErrors(next: Service, previous: Service, errors: FieldError[]): void {
  const [after, before] = [next.spec, previous.spec];
  const areBalanced = after.type === "LoadBalancer" && before.type === "LoadBalancer";
  if (areBalanced && after.loadBalancerClass !== before.loadBalancerClass)
    errors.push(invalidValue("spec.loadBalancerClass", after.loadBalancerClass, "may not change once set"));
  const areChecked = needsHealthCheckPort(next) && needsHealthCheckPort(previous);
  if (areChecked && after.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbiddenField("spec.healthCheckNodePort", "field is immutable"));
}

const SERVICE_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

export function addTypeErrors(type: string | undefined, errors: FieldError[]): void {
  if (type === undefined || type === "") errors.push(required("spec.type"));
  else if (!SERVICE_TYPES.includes(type)) errors.push(notSupported("spec.type", type, SERVICE_TYPES));
}
