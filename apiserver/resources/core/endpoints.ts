import type { EndpointAddress, Endpoints, EndpointSubset } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { endpoints } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { ipProblems, ipWarnings, specialIpProblems } from "../../validation/addresses.ts";
import { addChoiceErrors, addInvalid, addOptionalNameErrors, isGiven } from "../../validation/error-list.ts";
import { required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems, portNumberProblems } from "../../validation/names.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
/** The column shows a few, then says how many more. */
const SHOWN_MAX = 3;

export const endpointsStrategy = serve<Endpoints>({
  resource: endpoints,
  singular: "endpoints",
  shortNames: ["ep"],
  storagePrefix: "services/endpoints",
  allowCreateOnUpdate: true,
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  warnings: addressWarnings,
  defaults: ({ subsets = [] }) => {
    for (const subset of subsets) for (const port of subset.ports ?? []) port.protocol ??= "TCP";
  },
  validate: validateSubsets,
  columns: [
    nameColumn,
    textColumn("Endpoints", "Addresses and ports behind the service.", ({ subsets = [] }) => subsetsText(subsets)),
    ageColumn,
  ],
  example: { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "http", port: 80, protocol: "TCP" }] }] },
});

function subsetsText(subsets: readonly EndpointSubset[]): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`)),
  );
  if (all.length === 0) return "<none>";
  const more = all.length - SHOWN_MAX;
  return `${all.slice(0, SHOWN_MAX).join(",")}${more > 0 ? ` + ${more} more...` : ""}`;
}

function validateSubsets(endpoints: Endpoints, previous?: Endpoints): FieldError[] {
  const errors: FieldError[] = [];
  endpoints.subsets?.forEach((subset, index) => addSubsetErrors(subset, `subsets[${index}]`, errors));
  // What an older version let through stays, as long as nobody touches it.
  const isOld = errors.length > 0 && previous !== undefined && deepEqual(endpoints.subsets, previous.subsets);
  return isOld ? [] : errors;
}

function addSubsetErrors(subset: EndpointSubset, field: string, errors: FieldError[]): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length + notReadyAddresses.length === 0)
    errors.push(required(field, "must specify `addresses` or `notReadyAddresses`"));
  addresses.forEach((address, index) => addAddressErrors(address, `${field}.addresses[${index}]`, errors));
  notReadyAddresses.forEach((address, index) =>
    addAddressErrors(address, `${field}.notReadyAddresses[${index}]`, errors),
  );
  ports.forEach((port, index) => {
    const at = `${field}.ports[${index}]`;
    if (ports.length > 1) isGiven(errors, `${at}.name`, port.name);
    addOptionalNameErrors(errors, `${at}.name`, port.name, dnsLabelProblems);
    addInvalid(errors, `${at}.port`, port.port, portNumberProblems(port.port));
    addChoiceErrors(errors, `${at}.protocol`, port.protocol, PROTOCOLS);
    if (port.appProtocol !== undefined)
      addInvalid(errors, `${at}.appProtocol`, port.appProtocol, qualifiedNameProblems(port.appProtocol));
  });
}

function addAddressErrors(address: EndpointAddress, field: string, errors: FieldError[]): void {
  const { ip, hostname, nodeName } = address;
  addInvalid(errors, `${field}.ip`, ip, ipProblems(ip));
  addOptionalNameErrors(errors, `${field}.hostname`, hostname, dnsLabelProblems);
  if (nodeName !== undefined) addInvalid(errors, `${field}.nodeName`, nodeName, dnsSubdomainProblems(nodeName));
  addInvalid(errors, `${field}.ip`, ip, specialIpProblems(ip));
}

/** Addresses that are not in canonical form. */
function addressWarnings({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap((subset, index) =>
    (["addresses", "notReadyAddresses"] as const).flatMap((name) =>
      (subset[name] ?? []).flatMap(({ ip }, position) => ipWarnings(`subsets[${index}].${name}[${position}].ip`, ip)),
    ),
  );
}
