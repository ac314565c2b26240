import type { Lease } from "../../../shared/api/generated/coordination/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { leases } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidValue } from "../../validation/field-errors.ts";

export const leaseStrategy = serve<Lease>({
  resource: leases,
  storagePrefix: "leases",
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validate: validateLease,
  columns: [
    nameColumn,
    textColumn("Holder", "Who holds the lease.", (lease) => lease.spec.holderIdentity ?? ""),
    ageColumn,
  ],
  example: { spec: { holderIdentity: "node-1", leaseDurationSeconds: 40, renewTime: "2026-01-01T00:00:00.000000Z" } },
});

function validateLease({ spec }: Lease): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
    errors.push(invalidValue("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0"));
  if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0)
    errors.push(invalidValue("spec.leaseTransitions", spec.leaseTransitions, "must be greater than or equal to 0"));
  return errors;
}
