import type { Lease } from "../../../shared/api/generated/coordination/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { leases } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, invalidFor, invalidValue, notSupported } from "../../validation/field-errors.ts";

/** Coordinated leader election is off in this release: its fields are kept only where they are stored already. */
const STRATEGIES = ["OldestEmulationVersion"];

export const leaseStrategy = serve<Lease>({
  resource: leases,
  storagePrefix: "leases",
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: ({ spec }) => {
    delete spec.strategy;
    delete spec.preferredHolder;
  },
  prepareForUpdate: ({ spec: next }, { spec: previous }) => {
    if (previous.strategy === undefined) delete next.strategy;
    if (previous.preferredHolder === undefined) delete next.preferredHolder;
  },
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
  if (spec.strategy !== undefined) errors.push(...strategyErrors(spec.strategy));
  if ((spec.preferredHolder ?? "") !== "" && (spec.strategy ?? "") === "")
    errors.push(forbiddenField("spec.preferredHolder", "may only be specified if `strategy` is defined"));
  return errors;
}

/** A name of Kubernetes, or one with a domain. The path has the field twice, as upstream. */
function strategyErrors(strategy: string): FieldError[] {
  const field = "spec.strategy.strategy";
  if (strategy.includes("/")) return invalidFor(field, strategy, qualifiedNameProblems(strategy));
  return STRATEGIES.includes(strategy) ? [] : [notSupported(field, strategy, STRATEGIES)];
}
