/** Rules of Services (`ValidateService`). Which addresses and node ports are free is the allocator's business. */
import type { Service, ServicePort, ServiceSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { isHeadless } from "../../allocation/service-spec.ts";
import { ipProblems, specialIpProblems } from "../../validation/addresses.ts";
import { addChoiceErrors, addInvalid } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems, portNumberProblems, portProblems } from "../../validation/names.ts";
import { validateLabels } from "../../validation/object-meta.ts";
import { addClusterIpChangeErrors, addClusterIpErrors } from "./service-addresses.ts";
import {
  addAffinityErrors,
  addBalancerErrors,
  addPolicyErrors,
  addSourceRangeErrors,
  addTrafficChangeErrors,
  addTypeErrors,
} from "./service-traffic.ts";
import { TOPOLOGY_HINTS_ANNOTATION, TOPOLOGY_MODE_ANNOTATION } from "./service-warnings.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const NOT_FOR_NAMES = "may not be set for ExternalName services";

export function validateService(service: Service, previous?: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  addTopologyErrors(service, errors);
  if ((spec.ports ?? []).length === 0 && !isHeadless(service) && spec.type !== "ExternalName")
    errors.push(required("spec.ports"));
  addKindErrors(service, errors);
  addPortErrors(spec.ports ?? [], errors);
  errors.push(...validateLabels(spec.selector, "spec.selector"));
  addAffinityErrors(spec, errors);
  addClusterIpErrors(service, previous, errors);
  addExternalIpErrors(spec, previous?.spec.externalIPs ?? [], errors);
  addTypeErrors(spec.type, errors);
  addNodePortErrors(spec, errors);
  addRepeatedPortErrors(spec.ports ?? [], errors);
  addSourceRangeErrors(service, previous, errors);
  addBalancerErrors(spec, errors);
  addPolicyErrors(service, errors);
  return errors;
}

export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const errors: FieldError[] = [];
  addClusterIpChangeErrors(next, previous, errors);
  addTrafficChangeErrors(next, previous, errors);
  return errors;
}

function addTopologyErrors({ metadata }: Service, errors: FieldError[]): void {
  const hints = metadata.annotations?.[TOPOLOGY_HINTS_ANNOTATION];
  const mode = metadata.annotations?.[TOPOLOGY_MODE_ANNOTATION];
  if (hints === undefined || mode === undefined || hints === mode) return;
  const why = `must match annotations[${TOPOLOGY_HINTS_ANNOTATION}] when both are specified`;
  errors.push(invalidValue(`metadata.annotations[${TOPOLOGY_MODE_ANNOTATION}]`, mode, why));
}

/** What the type asks for, or rules out. */
function addKindErrors(service: Service, errors: FieldError[]): void {
  const { spec } = service;
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(service))
    errors.push(invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
  if (spec.type !== "ExternalName") return;
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbiddenField("spec.clusterIPs", NOT_FOR_NAMES));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbiddenField("spec.ipFamilies", NOT_FOR_NAMES));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField("spec.ipFamilyPolicy", NOT_FOR_NAMES));
  const name = spec.externalName ?? "";
  const host = name.endsWith(".") ? name.slice(0, -1) : name;
  if (host === "") errors.push(required("spec.externalName"));
  else addInvalid(errors, "spec.externalName", host, dnsSubdomainProblems(host));
}

function addPortErrors(ports: readonly ServicePort[], errors: FieldError[]): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    const name = port.name ?? "";
    if (name !== "") {
      addInvalid(errors, `${at}.name`, name, dnsLabelProblems(name));
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    } else if (ports.length > 1) errors.push(required(`${at}.name`));
    addInvalid(errors, `${at}.port`, port.port, portNumberProblems(port.port));
    addChoiceErrors(errors, `${at}.protocol`, port.protocol, PROTOCOLS);
    const target = port.targetPort ?? port.port;
    addInvalid(errors, `${at}.targetPort`, target, portProblems(target));
    const { appProtocol } = port;
    if (appProtocol !== undefined)
      addInvalid(errors, `${at}.appProtocol`, appProtocol, qualifiedNameProblems(appProtocol));
  });
}

function addExternalIpErrors(spec: ServiceSpec, known: readonly string[], errors: FieldError[]): void {
  (spec.externalIPs ?? []).forEach((address, index) => {
    const at = `spec.externalIPs[${index}]`;
    const problems = known.includes(address) ? [] : ipProblems(address);
    addInvalid(errors, at, address, problems.length > 0 ? problems : specialIpProblems(address));
  });
}

function addNodePortErrors({ type, ports = [] }: ServiceSpec, errors: FieldError[]): void {
  const taken = new Set<string>();
  if (type === "ClusterIP") {
    ports.forEach(({ nodePort = 0 }, index) => {
      if (nodePort !== 0)
        errors.push(forbiddenField(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    });
  }
  ports.forEach(({ nodePort = 0, protocol = "" }, index) => {
    if (nodePort === 0) return;
    const key = `${protocol}/${nodePort}`;
    if (taken.has(key)) errors.push(duplicate(`spec.ports[${index}].nodePort`, nodePort));
    taken.add(key);
  });
}

function addRepeatedPortErrors(ports: readonly ServicePort[], errors: FieldError[]): void {
  const taken = new Set<string>();
  ports.forEach(({ port, protocol = "" }, index) => {
    const key = `${protocol}/${port}`;
    if (taken.has(key)) errors.push(duplicate(`spec.ports[${index}]`, { protocol, port }));
    taken.add(key);
  });
}
