import type { ResourceQuota } from "../../../shared/api/generated/core/v1.ts";
import { resourceQuotas } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from "./resource-quota-validation.ts";

export const resourceQuotaStrategy = serve<ResourceQuota>({
  resource: resourceQuotas,
  shortNames: ["quota"],
  storagePrefix: "resourcequotas",
  prepareForCreate: (quota) => {
    delete quota.status;
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateResourceQuotaStatus,
  },
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  columns: [
    nameColumn,
    textColumn("Request", "Used and allowed amounts of everything but limits.", (quota) =>
      usage(quota, (name) => !name.startsWith("limits.")),
    ),
    textColumn("Limit", "Used and allowed amounts of limits.", (quota) =>
      usage(quota, (name) => name.startsWith("limits.")),
    ),
    ageColumn,
  ],
  example: { spec: { hard: { pods: "10", "limits.cpu": "4" } } },
});

function usage({ status, spec }: ResourceQuota, isWanted: (name: string) => boolean): string {
  return Object.entries(status?.hard ?? spec.hard ?? {})
    .filter(([name]) => isWanted(name))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? "0"}/${hard}`)
    .join(", ");
}
