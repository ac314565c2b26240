import type { ServiceCIDR } from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { parseCidr } from "../../../shared/machinery/cidr.ts";
import { serviceCIDRs } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { strictCidrProblems } from "../../validation/addresses.ts";
import { invalidFor, invalidValue, required } from "../../validation/field-errors.ts";

const AT = "spec.cidrs";
/** One of each family. */
const RANGES_MAX = 2;
const IMMUTABLE = "field is immutable";
const ONE_FAMILY = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";

/** Unlike other kinds, creation and plain updates leave the status as it is sent, as upstream. */
export const serviceCidrStrategy = serve<ServiceCIDR>({
  resource: serviceCIDRs,
  storagePrefix: "servicecidrs",
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      keepMetadataForStatus(next, previous);
    },
  },
  validateCreate: ({ spec }) => rangesErrors(spec.cidrs ?? []),
  validateUpdate: (next, previous) => changeErrors(next.spec.cidrs ?? [], previous.spec.cidrs ?? []),
  columns: [
    nameColumn,
    textColumn("CIDRs", "Ranges of service addresses.", ({ spec }) => (spec.cidrs ?? []).join(",")),
    ageColumn,
  ],
  example: { spec: { cidrs: ["10.96.0.0/16"] } },
});

function rangesErrors(ranges: readonly string[]): FieldError[] {
  if (ranges.length === 0) return [required(AT, "at least one CIDR required")];
  // The internal type, which upstream prints here, has no JSON names.
  if (ranges.length > RANGES_MAX) return [invalidValue(AT, { CIDRs: ranges }, "may only hold up to 2 values")];
  const [first, second] = ranges.map((range) => parseCidr(range)?.family);
  return [
    ...ranges.flatMap((range, index) => invalidFor(`${AT}[${index}]`, range, strictCidrProblems(range))),
    ...(first !== undefined && first === second ? [invalidValue(AT, ranges, ONE_FAMILY)] : []),
  ];
}

/** A range of the other family may be added; nothing else changes. */
function changeErrors(next: readonly string[], previous: readonly string[]): FieldError[] {
  const changed = previous.flatMap((range, index) =>
    next[index] === range ? [] : [invalidValue(`${AT}[${index}]`, next[index], IMMUTABLE)],
  );
  if (next.length === previous.length) return changed;
  if (previous.length === 1 && next.length === 2) return [...changed, ...rangesErrors(next)];
  return [invalidValue(AT, next, IMMUTABLE)];
}
