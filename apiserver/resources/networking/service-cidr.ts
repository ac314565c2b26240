import type { ServiceCIDR } from "../../../shared/api/generated/networking/v1.ts";
import { serviceCIDRs } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { CIDR_RULE, isCidr } from "../../validation/addresses.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

export const serviceCidrStrategy = serve<ServiceCIDR>({
  resource: serviceCIDRs,
  storagePrefix: "servicecidrs",
  prepareForCreate: (range) => {
    delete range.status;
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: ({ spec }) => {
    const ranges = spec.cidrs ?? [];
    if (ranges.length === 0) return [required("spec.cidrs", "at least one CIDR required")];
    return ranges.flatMap((range, index) =>
      isCidr(range) ? [] : [invalidValue(`spec.cidrs[${index}]`, range, CIDR_RULE)],
    );
  },
  validateUpdate: (next, previous) => immutable(next.spec.cidrs, previous.spec.cidrs, "spec.cidrs"),
  columns: [
    nameColumn,
    textColumn("CIDRs", "Ranges of service addresses.", ({ spec }) => (spec.cidrs ?? []).join(",")),
    ageColumn,
  ],
  example: { spec: { cidrs: ["10.96.0.0/16"] } },
});
