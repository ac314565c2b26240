/** Texts of `Warning` headers about Services (`pkg/api/service/warnings.go`). */
import type { Service } from "../../../shared/api/generated/core/v1.ts";
import { cidrWarnings, ipWarnings } from "../../validation/addresses.ts";

export const TOPOLOGY_HINTS_ANNOTATION = "service.kubernetes.io/topology-aware-hints";
export const TOPOLOGY_MODE_ANNOTATION = "service.kubernetes.io/topology-mode";

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = [];
  const { clusterIPs = [], externalIPs = [], loadBalancerIP = "", loadBalancerSourceRanges = [] } = spec;
  if (metadata.annotations?.[TOPOLOGY_HINTS_ANNOTATION] !== undefined) {
    warnings.push(
      `annotation ${TOPOLOGY_HINTS_ANNOTATION} is deprecated, please use ${TOPOLOGY_MODE_ANNOTATION} instead`,
    );
  }
  const isHeadless = spec.clusterIP === "None";
  if (!isHeadless && (spec.clusterIP ?? "") !== "")
    clusterIPs.forEach((ip, index) => warnings.push(...ipWarnings(`spec.clusterIPs[${index}]`, ip)));
  if (isHeadless && spec.type === "ClusterIP") {
    if (loadBalancerIP !== "") warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (externalIPs.length > 0) warnings.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") warnings.push("spec.SessionAffinity is ignored for headless services");
  }
  externalIPs.forEach((ip, index) => warnings.push(...ipWarnings(`spec.externalIPs[${index}]`, ip)));
  if (externalIPs.length > 0)
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  if (loadBalancerIP !== "") warnings.push(...ipWarnings("spec.loadBalancerIP", loadBalancerIP));
  loadBalancerSourceRanges.forEach((range, index) =>
    warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range)),
  );
  if (spec.type === "ExternalName" && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== "ExternalName" && (spec.externalName ?? "") !== "")
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === "PreferClose")
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}
