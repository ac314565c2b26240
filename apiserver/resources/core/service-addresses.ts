/**
 * Rules of the addresses of a Service: `clusterIPs`, `ipFamilies`, `ipFamilyPolicy`, and how they may change
 * (`ValidateServiceClusterIPsRelatedFields`, `validateUpgradeDowngrade…`). Which addresses are free is the allocator's
 * business.
 */
import type { Service, ServiceSpec } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { isHeadless, NO_CLUSTER_IP } from "../../allocation/service-spec.ts";
import { ipProblems, isDualStack, isIpv6 } from "../../validation/addresses.ts";
import { addInvalid, addOptionalChoiceErrors } from "../../validation/error-list.ts";
import { duplicate, invalidValue, notSupported, required } from "../../validation/field-errors.ts";

const FAMILIES = ["IPv4", "IPv6"];
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const ADDRESSES_MAX = 2;
const ADDRESSES = "spec.clusterIPs";
const FIXED = "may not change once set";

export function addClusterIpErrors(service: Service, previous: Service | undefined, errors: FieldError[]): void {
  const { spec } = service;
  if (spec.type === "ExternalName") return;
  const addresses = spec.clusterIPs ?? [];
  addPairErrors(spec.clusterIP ?? "", addresses, errors);
  addFamilyErrors(spec, errors);
  const known = new Set(previous?.spec.clusterIPs);
  const before = errors.length;
  addresses.forEach((address, index) => {
    if (index > 0 || address !== NO_CLUSTER_IP) {
      if (!known.has(address)) addInvalid(errors, `${ADDRESSES}[${index}]`, address, ipProblems(address));
    } else if (addresses.length > 1) {
      errors.push(invalidValue(ADDRESSES, addresses, "'None' must be the first and only value"));
    }
  });
  const areAddresses = errors.length === before;
  if (addresses.length > ADDRESSES_MAX)
    errors.push(invalidValue(ADDRESSES, addresses, `may only hold up to ${ADDRESSES_MAX} values`));
  if (!areAddresses) return;
  if (addresses.length > 1 && !isDualStack(addresses))
    errors.push(invalidValue(ADDRESSES, addresses, "may specify no more than one IP for each IP family"));
  if (!isHeadless(service)) addMismatchErrors(addresses, spec.ipFamilies ?? [], errors);
}

/** The list and its first element are two spellings of one fact. */
function addPairErrors(first: string, addresses: readonly string[], errors: FieldError[]): void {
  if (first === "") {
    if (addresses.length > 0)
      errors.push(invalidValue(ADDRESSES, addresses, "must be empty when `clusterIP` is not specified"));
  } else if (addresses.length === 0) errors.push(required(ADDRESSES));
  else if (addresses[0] !== first)
    errors.push(invalidValue(ADDRESSES, addresses, "first value must match `clusterIP`"));
}

function addFamilyErrors(spec: ServiceSpec, errors: FieldError[]): void {
  const families = spec.ipFamilies ?? [];
  families.forEach((family, index) => {
    const at = `spec.ipFamilies[${index}]`;
    if (!FAMILIES.includes(family)) errors.push(notSupported(at, family, FAMILIES));
    if (families.indexOf(family) < index) errors.push(duplicate(at, family));
  });
  addOptionalChoiceErrors(errors, "spec.ipFamilyPolicy", spec.ipFamilyPolicy, FAMILY_POLICIES);
}

function addMismatchErrors(addresses: readonly string[], families: readonly string[], errors: FieldError[]): void {
  addresses.forEach((address, index) => {
    const wanted = families[index];
    if (!FAMILIES.includes(wanted ?? "") || wanted === (isIpv6(address) ? "IPv6" : "IPv4")) return;
    const why = `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalidValue(`${ADDRESSES}[${index}]`, address, why));
  });
}

const isExternalName = ({ spec }: Service): boolean => spec.type === "ExternalName";

/** What was set stays; only the second of a pair may come and go. */
export function addClusterIpChangeErrors(next: Service, previous: Service, errors: FieldError[]): void {
  if (isExternalName(next) || isExternalName(previous)) return;
  const [wasHeadless, becomesHeadless] = [isHeadless(previous), isHeadless(next)];
  if (!wasHeadless || !becomesHeadless) {
    addListChangeErrors(next, next.spec.clusterIPs ?? [], previous.spec.clusterIPs ?? [], "clusterIP", errors);
  }
  if (!wasHeadless && !becomesHeadless) {
    addListChangeErrors(next, next.spec.ipFamilies ?? [], previous.spec.ipFamilies ?? [], "ipFamily", errors);
  }
}

function addListChangeErrors(
  service: Service,
  after: readonly string[],
  before: readonly string[],
  what: "clusterIP" | "ipFamily",
  errors: FieldError[],
): void {
  const field = what === "clusterIP" ? ADDRESSES : "spec.ipFamilies";
  const [first] = before;
  if (before.length === after.length) {
    before.forEach((value, index) => {
      const at = what === "clusterIP" ? index : 0;
      if (value !== after[index]) errors.push(invalidValue(`${field}[${at}]`, after, FIXED));
    });
    return;
  }
  if (after.length === 0) errors.push(invalidValue(`${field}[0]`, after, `primary ${what} can not be unset`));
  else if (first !== undefined && first !== after[0]) errors.push(invalidValue(`${field}[0]`, after, FIXED));
  const { ipFamilyPolicy } = service.spec;
  if (after.length === 1 && before.length > 1 && ipFamilyPolicy !== "SingleStack") {
    const why = `must be set to 'SingleStack' when releasing the secondary ${what}`;
    errors.push(invalidValue("spec.ipFamilyPolicy", ipFamilyPolicy, why));
  }
}
