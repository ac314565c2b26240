/** Rules of EndpointSlices (`pkg/apis/discovery/validation`). */
import type {
  Endpoint,
  EndpointHints,
  EndpointPort,
  EndpointSlice,
} from "../../../shared/api/generated/discovery/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { ipProblems, ipWarnings, isIpv4, isIpv6, specialIpProblems } from "../../validation/addresses.ts";
import { domainNameErrors } from "../../validation/domain-names.ts";
import { duplicate, invalidFor, notSupported, required, tooMany } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { validateLabels } from "../../validation/object-meta.ts";

const ENDPOINTS_MAX = 1000;
const PORTS_MAX = 20_000;
const ADDRESSES_MAX = 100;
const TOPOLOGY_LABELS_MAX = 16;
const HINTS_MAX = 8;
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
/** They write addresses in the usual form: looking again would be a waste. */
const OWN_CONTROLLERS: readonly (string | undefined)[] = [
  "endpointslice-controller.k8s.io",
  "endpointslicemirroring-controller.k8s.io",
];

export function validateEndpointSlice(slice: EndpointSlice, previous?: EndpointSlice): FieldError[] {
  const { addressType, endpoints = [], ports = [] } = slice;
  const known = new Set((previous?.endpoints ?? []).flatMap(({ addresses }) => addresses));
  return [
    ...typeErrors(addressType),
    ...(endpoints.length > ENDPOINTS_MAX
      ? [tooMany("endpoints", endpoints.length, ENDPOINTS_MAX)]
      : endpoints.flatMap((endpoint, index) => endpointErrors(endpoint, addressType, known, `endpoints[${index}]`))),
    ...(ports.length > PORTS_MAX ? [tooMany("ports", ports.length, PORTS_MAX)] : portsErrors(ports)),
  ];
}

function typeErrors(addressType: string): FieldError[] {
  if (addressType === "") return [required("addressType")];
  return ADDRESS_TYPES.includes(addressType) ? [] : [notSupported("addressType", addressType, ADDRESS_TYPES)];
}

function endpointErrors(endpoint: Endpoint, type: string, known: ReadonlySet<string>, field: string): FieldError[] {
  const { addresses, nodeName, hostname, hints, deprecatedTopology = {} } = endpoint;
  const at = `${field}.addresses`;
  const topology = `${field}.deprecatedTopology`;
  const labels = Object.keys(deprecatedTopology).length;
  return [
    ...(addresses.length === 0 ? [required(at, "must contain at least 1 address")] : []),
    ...(addresses.length > ADDRESSES_MAX ? [tooMany(at, addresses.length, ADDRESSES_MAX)] : []),
    ...addresses.flatMap((address, index) => addressErrors(type, address, known, `${at}[${index}]`)),
    ...(nodeName === undefined ? [] : invalidFor(`${field}.nodeName`, nodeName, dnsSubdomainProblems(nodeName))),
    ...(labels > TOPOLOGY_LABELS_MAX ? [tooMany(topology, labels, TOPOLOGY_LABELS_MAX)] : []),
    ...validateLabels(deprecatedTopology, topology),
    ...(hostname === undefined ? [] : invalidFor(`${field}.hostname`, hostname, dnsLabelProblems(hostname))),
    ...(hints === undefined ? [] : hintsErrors(hints, `${field}.hints`)),
  ];
}

function addressErrors(type: string, address: string, known: ReadonlySet<string>, field: string): FieldError[] {
  if (type === "FQDN") return domainNameErrors(address, field);
  if (type !== "IPv4" && type !== "IPv6") return [];
  if (known.has(address)) return [];
  const problems = ipProblems(address);
  if (problems.length > 0) return invalidFor(field, address, problems);
  const isOfFamily = type === "IPv4" ? isIpv4(address) : isIpv6(address);
  return invalidFor(field, address, [
    ...(isOfFamily ? [] : [`must be an ${type} address`]),
    ...specialIpProblems(address),
  ]);
}

function hintsErrors({ forZones = [], forNodes = [] }: EndpointHints, field: string): FieldError[] {
  return [
    ...hintNamesErrors(forZones, `${field}.forZones`, labelValueProblems),
    ...hintNamesErrors(forNodes, `${field}.forNodes`, dnsSubdomainProblems),
  ];
}

function hintNamesErrors(
  hints: readonly { readonly name: string }[],
  field: string,
  problems: (name: string) => string[],
): FieldError[] {
  if (hints.length > HINTS_MAX) return [tooMany(field, hints.length, HINTS_MAX)];
  const names = hints.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const at = `${field}[${index}].name`;
    return [...(names.indexOf(name) < index ? [duplicate(at, name)] : []), ...invalidFor(at, name, problems(name))];
  });
}

function portsErrors(ports: readonly EndpointPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = "", protocol, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = name === "" ? [] : invalidFor(`${at}.name`, name, dnsLabelProblems(name));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (protocol === undefined) errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined)
      errors.push(...invalidFor(`${at}.appProtocol`, appProtocol, qualifiedNameProblems(appProtocol)));
    return errors;
  });
}

/** The type is warned about at creation only; its path is upstream's. */
export function endpointSliceWarnings(slice: EndpointSlice, previous: EndpointSlice | undefined): string[] {
  const isDeprecated = slice.addressType === "FQDN" && previous === undefined;
  return [...(isDeprecated ? ["spec.addressType: FQDN endpoints are deprecated"] : []), ...addressWarnings(slice)];
}

function addressWarnings({ metadata, endpoints = [] }: EndpointSlice): string[] {
  if (OWN_CONTROLLERS.includes(metadata.labels?.[MANAGED_BY])) return [];
  return endpoints.flatMap(({ addresses }, index) =>
    addresses.flatMap((address, place) => ipWarnings(`endpoints[${index}].addresses[${place}]`, address)),
  );
}

/** The field of an older version: nobody writes it any more (`dropTopologyOnV1`). */
export function dropTopology({ endpoints = [] }: EndpointSlice): void {
  for (const endpoint of endpoints) delete endpoint.deprecatedTopology;
}
