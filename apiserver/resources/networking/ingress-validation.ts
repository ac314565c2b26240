/** Rules of Ingresses (`pkg/apis/networking/validation`). */
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressTLS,
} from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { ipProblems, isIp } from "../../validation/addresses.ts";
import { invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portNumberProblems,
  wildcardSubdomainProblems,
} from "../../validation/names.ts";
import { objectReferenceErrors } from "./object-reference.ts";

export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const WRONG_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const WRONG_SUFFIXES = ["/..", "/."];

/** What older servers let through and is stored now may stay. */
interface Leniency {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
}

export function validateIngress({ spec }: Ingress, previous?: Ingress): FieldError[] {
  const { rules, tls = [], defaultBackend, ingressClassName } = spec;
  const leniency = leniencyOf(previous);
  return [
    ...((rules ?? []).length === 0 && defaultBackend === undefined
      ? [invalidValue("spec", rules, "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...(defaultBackend === undefined ? [] : backendErrors(defaultBackend, "spec.defaultBackend")),
    ...(rules ?? []).flatMap((rule, index) => ruleErrors(rule, `spec.rules[${index}]`, leniency)),
    ...tls.flatMap((one, index) => tlsErrors(one, `spec.tls[${index}]`, leniency)),
    ...(ingressClassName === undefined
      ? []
      : invalidFor("spec.ingressClassName", ingressClassName, dnsSubdomainProblems(ingressClassName))),
  ];
}

/** The class was an annotation once: a new object may not say two things. */
export function validateClass({ metadata, spec }: Ingress): FieldError[] {
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  return annotation === undefined || spec.ingressClassName === undefined || annotation === spec.ingressClassName
    ? []
    : [
        invalidValue(
          `annotations.${CLASS_ANNOTATION}`,
          annotation,
          "must match `ingressClassName` when both are specified",
        ),
      ];
}

export function validateIngressStatus(next: Ingress, previous: Ingress): FieldError[] {
  const known = new Set((previous.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip));
  return (next.status?.loadBalancer?.ingress ?? []).flatMap(({ ip = "", hostname = "" }, index) => {
    const at = `status.loadBalancer.ingress[${index}]`;
    return [
      ...(ip === "" || known.has(ip) ? [] : invalidFor(`${at}.ip`, ip, ipProblems(ip))),
      ...(hostname === "" ? [] : invalidFor(`${at}.hostname`, hostname, dnsSubdomainProblems(hostname))),
      ...addressErrors(hostname, `${at}.hostname`),
    ];
  });
}

function leniencyOf(previous: Ingress | undefined): Leniency {
  const { tls = [], rules = [] } = previous?.spec ?? {};
  return {
    secretNames: tls.some(({ secretName = "" }) => secretName !== "" && dnsSubdomainProblems(secretName).length > 0),
    wildcardRules: rules.some((rule) => rule.host?.includes("*") === true && httpErrors(rule, "").length > 0),
  };
}

const addressErrors = (host: string, field: string): FieldError[] =>
  isIp(host) ? [invalidValue(field, host, "must be a DNS name, not an IP address")] : [];

const hostProblems = (host: string): string[] =>
  host.includes("*") ? wildcardSubdomainProblems(host) : dnsSubdomainProblems(host);

function ruleErrors(rule: IngressRule, field: string, leniency: Leniency): FieldError[] {
  const { host = "" } = rule;
  const isFree = host.includes("*") && leniency.wildcardRules;
  return [
    ...addressErrors(host, `${field}.host`),
    ...(host === "" ? [] : invalidFor(`${field}.host`, host, hostProblems(host))),
    ...(isFree ? [] : httpErrors(rule, field)),
  ];
}

function httpErrors({ http }: IngressRule, field: string): FieldError[] {
  if (http === undefined) return [];
  const at = `${field}.http.paths`;
  // Go prints a list that is missing here as null.
  const paths: readonly HTTPIngressPath[] | null = http.paths;
  return paths === null || paths.length === 0
    ? [required(at)]
    : paths.flatMap((path, index) => pathErrors(path, `${at}[${index}]`));
}

function pathErrors(rule: HTTPIngressPath, field: string): FieldError[] {
  const { path = "", pathType, backend }: Omit<HTTPIngressPath, "pathType"> & { pathType?: string } = rule;
  if (pathType === undefined) return [required(`${field}.pathType`, "pathType must be specified")];
  const backends = backendErrors(backend, `${field}.backend`);
  if (!PATH_TYPES.includes(pathType)) return [notSupported(`${field}.pathType`, pathType, PATH_TYPES), ...backends];
  const problems = path.startsWith("/") ? [] : ["must be an absolute path"];
  if (pathType === "ImplementationSpecific")
    return [...invalidFor(`${field}.path`, path, path === "" ? [] : problems), ...backends];
  problems.push(
    ...WRONG_SEQUENCES.filter((one) => path.includes(one)).map((one) => `must not contain '${one}'`),
    ...WRONG_SUFFIXES.filter((one) => path.endsWith(one)).map((one) => `cannot end with '${one}'`),
  );
  return [...invalidFor(`${field}.path`, path, problems), ...backends];
}

function backendErrors({ service, resource }: IngressBackend, field: string): FieldError[] {
  if (service !== undefined && resource !== undefined)
    return [invalidValue(field, "", "cannot set both resource and service backends")];
  if (resource !== undefined) return objectReferenceErrors(resource, `${field}.resource`);
  if (service !== undefined) return serviceErrors(service, field);
  return [invalidValue(field, "", "resource or service backend is required")];
}

function serviceErrors({ name, port }: IngressServiceBackend, field: string): FieldError[] {
  const { name: portName = "", number = 0 } = port ?? {};
  const at = `${field}.service`;
  const names = name === "" ? [required(`${at}.name`)] : invalidFor(`${at}.name`, name, dnsLabelProblems(name));
  if (portName !== "" && number !== 0)
    return [...names, invalidValue(field, "", "cannot set both port name & port number")];
  if (portName !== "") return [...names, ...invalidFor(`${at}.port.name`, portName, portNameProblems(portName))];
  if (number !== 0) return [...names, ...invalidFor(`${at}.port.number`, number, portNumberProblems(number))];
  return [...names, required(field, "port name or number is required")];
}

function tlsErrors({ hosts = [], secretName = "" }: IngressTLS, field: string, leniency: Leniency): FieldError[] {
  return [
    ...hosts.flatMap((host, index) => invalidFor(`${field}.hosts[${index}]`, host, hostProblems(host))),
    ...(secretName === "" || leniency.secretNames
      ? []
      : invalidFor(`${field}.secretName`, secretName, dnsSubdomainProblems(secretName))),
  ];
}
