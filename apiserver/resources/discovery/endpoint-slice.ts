import type { EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { endpointSlices } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { duplicate, invalidFor, invalidValue, notSupported, required, tooMany } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { isIpv4, isIpv6 } from "../../validation/addresses.ts";
import { dnsSubdomainProblems, portNumberProblems } from "../../validation/names.ts";

const ENDPOINTS_MAX = 1000;
const PORTS_MAX = 20_000;
const ADDRESSES_MAX = 100;
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
/** Columns show a few, then say how many more. */
const SHOWN_MAX = 3;

export const endpointSliceStrategy = serve<EndpointSlice>({
  resource: endpointSlices,
  storagePrefix: "endpointslices",
  allowUnconditionalUpdate: true,
  hasGeneration: true,
  generationOf: ({ endpoints, ports, addressType }) => ({ endpoints, ports, addressType }),
  defaults: (slice) => {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate: validateEndpointSlice,
  validateUpdate: (next, previous) => immutable(next.addressType, previous.addressType, "addressType"),
  columns: [
    nameColumn,
    textColumn("AddressType", "Kind of the addresses.", (slice) => slice.addressType),
    textColumn("Ports", "Ports of the endpoints.", (slice) => portsText(slice)),
    textColumn("Endpoints", "Addresses of the endpoints.", (slice) =>
      shownOf(
        (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
        "<unset>",
      ),
    ),
    ageColumn,
  ],
  example: {
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  },
});

function portsText(slice: EndpointSlice): string {
  if (slice.ports === undefined || slice.ports.length === 0) return "<unset>";
  return shownOf(
    slice.ports.map(({ port }) => (port === undefined ? "*" : String(port))),
    "<unset>",
  );
}

function shownOf(texts: readonly string[], none: string): string {
  if (texts.length === 0) return none;
  const more = texts.length - SHOWN_MAX;
  return `${texts.slice(0, SHOWN_MAX).join(",")}${more > 0 ? ` + ${more} more...` : ""}`;
}

function validateEndpointSlice(slice: EndpointSlice): FieldError[] {
  const endpoints = slice.endpoints ?? [];
  const errors: FieldError[] = [];
  if (slice.addressType === "") errors.push(required("addressType"));
  else if (!ADDRESS_TYPES.includes(slice.addressType))
    errors.push(notSupported("addressType", slice.addressType, ADDRESS_TYPES));
  if (endpoints.length > ENDPOINTS_MAX) return [...errors, tooMany("endpoints", endpoints.length, ENDPOINTS_MAX)];
  if ((slice.ports?.length ?? 0) > PORTS_MAX) return [...errors, tooMany("ports", slice.ports?.length ?? 0, PORTS_MAX)];
  endpoints.forEach(({ addresses }, index) => {
    const at = `endpoints[${index}].addresses`;
    if (addresses.length === 0) errors.push(required(at, "must contain at least 1 address"));
    if (addresses.length > ADDRESSES_MAX) errors.push(tooMany(at, addresses.length, ADDRESSES_MAX));
    addresses.forEach((address, position) =>
      errors.push(...addressErrors(slice.addressType, address, `${at}[${position}]`)),
    );
  });
  return [...errors, ...portErrors(slice)];
}

function addressErrors(type: string, address: string, field: string): FieldError[] {
  if (type === "IPv4" && !isIpv4(address)) return [invalidValue(field, address, "must be a valid IPv4 address")];
  if (type === "IPv6" && !isIpv6(address)) return [invalidValue(field, address, "must be a valid IPv6 address")];
  return type === "FQDN" ? invalidFor(field, address, dnsSubdomainProblems(address)) : [];
}

function portErrors(slice: EndpointSlice): FieldError[] {
  const names = new Set<string>();
  return (slice.ports ?? []).flatMap((port, index) => {
    const at = `ports[${index}]`;
    const errors = port.port === undefined ? [] : invalidFor(`${at}.port`, port.port, portNumberProblems(port.port));
    const name = port.name ?? "";
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (!PROTOCOLS.includes(orNone(port.protocol)))
      errors.push(notSupported(`${at}.protocol`, port.protocol ?? "", PROTOCOLS));
    return errors;
  });
}
