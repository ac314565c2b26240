import type { EndpointPort, EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { endpointSlices } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { dropTopology, endpointSliceWarnings, validateEndpointSlice } from "./endpoint-slice-validation.ts";

/** Columns show a few, then say how many more. */
const SHOWN_MAX = 3;

export const endpointSliceStrategy = serve<EndpointSlice>({
  resource: endpointSlices,
  storagePrefix: "endpointslices",
  hasGeneration: true,
  // Labels tell whose endpoints they are.
  generationOf: ({ endpoints, ports, addressType, metadata }) => ({
    endpoints,
    ports,
    addressType,
    labels: metadata.labels,
  }),
  defaults: (slice) => {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  prepareForCreate: dropTopology,
  prepareForUpdate: (next, previous) => {
    if (!deepEqual(next.endpoints, previous.endpoints)) dropTopology(next);
  },
  validate: validateEndpointSlice,
  validateUpdate: (next, previous) => immutable(next.addressType, previous.addressType, "addressType"),
  warnings: endpointSliceWarnings,
  columns: [
    nameColumn,
    textColumn("AddressType", "Kind of the addresses.", (slice) => slice.addressType),
    textColumn("Ports", "Ports of the endpoints.", ({ ports = [] }) => shownOf(ports.map(portText))),
    textColumn("Endpoints", "Addresses of the endpoints.", ({ endpoints = [] }) =>
      shownOf(endpoints.flatMap(({ addresses }) => addresses)),
    ),
    ageColumn,
  ],
  example: {
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  },
});

function portText({ port, name }: EndpointPort): string {
  return port === undefined ? (name ?? "*") : String(port);
}

function shownOf(texts: readonly string[]): string {
  const shown = texts.slice(0, SHOWN_MAX).join(",");
  if (texts.length > SHOWN_MAX) return `${shown} + ${texts.length - SHOWN_MAX} more...`;
  return shown === "" ? "<unset>" : shown;
}
