/**
 * `ipFamilyPolicy` and `ipFamilies` of a Service from what it asks for and what the cluster has (upstream:
 * `pkg/registry/core/service/storage/alloc.go`, initIPFamilyFields). Pure; changes `next` in place.
 */
import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../shared/errors/status-error.ts";
import type { IpFamily } from "../../shared/machinery/cidr.ts";
import { isHeadless, NO_CLUSTER_IP, needsClusterIp, sameList, typeOf } from "./service-spec.ts";

function invalidValue(field: string, value: unknown, why: string): FieldError {
  return { reason: "FieldValueInvalid", field, detail: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function familyOf(address: string): IpFamily {
  return address.includes(":") ? "IPv6" : "IPv4";
}

function otherFamily(family: string | undefined): IpFamily {
  return family === "IPv6" ? "IPv4" : "IPv6";
}

/** A service that prefers two families is not changed by the cluster getting or losing one. */
function isUntouchedPreference(next: Service, previous: Service | undefined): boolean {
  return (
    previous !== undefined &&
    typeOf(next) === typeOf(previous) &&
    next.spec.ipFamilyPolicy === "PreferDualStack" &&
    previous.spec.ipFamilyPolicy === "PreferDualStack" &&
    sameList(next.spec.clusterIPs, previous.spec.clusterIPs) &&
    sameList(next.spec.ipFamilies, previous.spec.ipFamilies)
  );
}

function defaultPolicy(next: Service, previous: Service | undefined): string {
  const hasSelector = Object.keys(next.spec.selector ?? {}).length > 0;
  if (previous?.spec.ipFamilyPolicy !== undefined) return previous.spec.ipFamilyPolicy;
  return isHeadless(next) && !hasSelector ? "RequireDualStack" : "SingleStack";
}

/** One family fewer is asked for by the policy; lists that were not touched follow it. */
function shrink(next: Service, previous: Service): FieldError[] {
  const { spec } = next;
  const policy = spec.ipFamilyPolicy;
  const before = previous.spec;
  if (policy === "SingleStack") {
    if (sameList(spec.clusterIPs, before.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (sameList(spec.ipFamilies, before.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return [];
  }
  const isReduced = (after: readonly string[] = [], earlier: readonly string[] = []): boolean =>
    after.length > 0 && after.length < earlier.length;
  const release = (what: string): FieldError =>
    invalidValue("spec.ipFamilyPolicy", policy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(isReduced(spec.clusterIPs, before.clusterIPs) ? [release("cluster IP")] : []),
    ...(isReduced(spec.ipFamilies, before.ipFamilies) ? [release("IP family")] : []),
  ];
}

function checkSingleStack(next: Service): FieldError[] {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = next.spec;
  if (ipFamilyPolicy !== "SingleStack") return [];
  const tooMany = (what: string): FieldError =>
    invalidValue(
      "spec.ipFamilyPolicy",
      ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(clusterIPs.length === 2 ? [tooMany("cluster IPs")] : []),
    ...(ipFamilies.length === 2 ? [tooMany("IP families")] : []),
  ];
}

/** Families of the addresses that were asked for. */
function inferFamilies(next: Service, available: readonly IpFamily[]): FieldError[] {
  const { spec } = next;
  const addresses = spec.clusterIPs ?? [];
  const errors: FieldError[] = [];
  for (const [index, address] of addresses.entries()) {
    if (address === NO_CLUSTER_IP) break;
    const families = spec.ipFamilies ?? [];
    if (address === "" || index < families.length) continue;
    const family = familyOf(address);
    if (available.includes(family)) spec.ipFamilies = [...families, family];
    else
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, addresses, `${family} is not configured on this cluster`));
  }
  return errors;
}

function checkAvailable(next: Service, available: readonly IpFamily[]): FieldError[] {
  const { ipFamilies = [], ipFamilyPolicy } = next.spec;
  const missing = ipFamilies.entries().filter(([, family]) => available.every((known) => known !== family));
  return [
    ...(ipFamilyPolicy === "RequireDualStack" && available.length < 2
      ? [invalidValue("spec.ipFamilyPolicy", ipFamilyPolicy, "this cluster is not configured for dual-stack services")]
      : []),
    ...missing.map(([index, family]) =>
      invalidValue(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"),
    ),
  ];
}

/** `available` are the families of the service ranges, the preferred one first. Returns what is wrong. */
export function fillIpFamilies(
  next: Service,
  previous: Service | undefined,
  available: readonly IpFamily[],
): FieldError[] {
  const { spec } = next;
  if (!needsClusterIp(next) || isUntouchedPreference(next, previous)) return [];
  spec.ipFamilyPolicy ??= defaultPolicy(next, previous);
  const errors = [
    ...(previous === undefined ? [] : shrink(next, previous)),
    ...checkSingleStack(next),
    ...inferFamilies(next, available),
  ];
  if (errors.length > 0) return errors;
  const isFree = isHeadless(next) && Object.keys(spec.selector ?? {}).length === 0;
  if (!isFree) errors.push(...checkAvailable(next, available));
  if (errors.length > 0) return errors;
  const families = (spec.ipFamilies ?? []).length === 0 ? available.slice(0, 1) : (spec.ipFamilies ?? []);
  const mayGrow = spec.ipFamilyPolicy !== "SingleStack" && families.length === 1 && (isFree || available.length === 2);
  spec.ipFamilies = mayGrow ? [...families, otherFamily(families[0])] : [...families];
  return [];
}
