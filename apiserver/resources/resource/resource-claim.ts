import type { ResourceClaim } from "../../../shared/api/generated/resource/v1.ts";
import { resourceClaims } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { dropFreedDevices } from "./allocated-devices.ts";
import { claimErrors, defaultDeviceClaim } from "./device-claim.ts";
import { statusErrors } from "./resource-claim-status.ts";

export const resourceClaimStrategy = serve<ResourceClaim>({
  resource: resourceClaims,
  storagePrefix: "resourceclaims",
  defaults: ({ spec }) => defaultDeviceClaim(spec.devices),
  prepareForCreate: (claim) => {
    claim.status = {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      keepMetadataForStatus(next, previous);
      dropFreedDevices(next, previous);
    },
    validateUpdate: statusErrors,
  },
  // What cannot change is not looked at again.
  validate: ({ spec }, previous) => (previous === undefined ? claimErrors(spec.devices, "spec.devices") : []),
  validateUpdate: (next, previous) => immutable(next.spec, previous.spec, "spec"),
  columns: [nameColumn, textColumn("State", "What became of it.", stateText), ageColumn],
  example: {
    spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }] } },
  },
});

function stateText({ metadata, status }: ResourceClaim): string {
  const isGoing = metadata.deletionTimestamp !== undefined;
  const states = isGoing ? ["deleted"] : [];
  if (status?.allocation === undefined) return [...states, ...(isGoing ? [] : ["pending"])].join(",");
  return [...states, "allocated", ...((status.reservedFor ?? []).length > 0 ? ["reserved"] : [])].join(",");
}
