import type { Endpoints, EndpointSubset } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { endpoints } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { IP_RULE, isIp } from "../../validation/addresses.ts";
import { invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, portNumberProblems } from "../../validation/names.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
/** The column shows a few, then says how many more. */
const SHOWN_MAX = 3;

export const endpointsStrategy = serve<Endpoints>({
  resource: endpoints,
  singular: "endpoints",
  shortNames: ["ep"],
  storagePrefix: "services/endpoints",
  allowCreateOnUpdate: true,
  warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
  defaults: ({ subsets = [] }) => {
    for (const subset of subsets) for (const port of subset.ports ?? []) port.protocol ??= "TCP";
  },
  validate: ({ subsets = [] }) => subsets.flatMap(subsetErrors),
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

function subsetErrors(subset: EndpointSubset, index: number): FieldError[] {
  const at = `subsets[${index}]`;
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length + notReadyAddresses.length === 0)
    errors.push(required(at, "must specify `addresses` or `notReadyAddresses`"));
  addresses.forEach(({ ip }, position) => {
    if (!isIp(ip)) errors.push(invalidValue(`${at}.addresses[${position}].ip`, ip, IP_RULE));
  });
  notReadyAddresses.forEach(({ ip }, position) => {
    if (!isIp(ip)) errors.push(invalidValue(`${at}.notReadyAddresses[${position}].ip`, ip, IP_RULE));
  });
  ports.forEach((port, position) => {
    const field = `${at}.ports[${position}]`;
    const name = port.name ?? "";
    if (name === "" && ports.length > 1) errors.push(required(`${field}.name`));
    if (name !== "") errors.push(...invalidFor(`${field}.name`, name, dnsLabelProblems(name)));
    errors.push(...invalidFor(`${field}.port`, port.port, portNumberProblems(port.port)));
    if (!PROTOCOLS.includes(port.protocol ?? ""))
      errors.push(notSupported(`${field}.protocol`, port.protocol ?? "", PROTOCOLS));
  });
  return errors;
}
