/** Which names of resources mean what (`pkg/apis/core/helper`). */
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";

export const HUGE_PAGES = "hugepages-";
const REQUESTS = "requests.";
const OWN_DOMAIN = "kubernetes.io/";

const CONTAINER_RESOURCES = new Set(["cpu", "memory", "ephemeral-storage"]);
const COUNTED = [
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const QUOTA_RESOURCES = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  ...COUNTED,
]);
const INTEGERS = new Set(COUNTED);

export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

/** Names without a domain are Kubernetes' own. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes(OWN_DOMAIN);
}

export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith(REQUESTS)) return false;
  return qualifiedNameProblems(`${REQUESTS}${name}`).length === 0;
}

/** More of it may be promised than there is: everything native but huge pages. */
export function mayBeOvercommitted(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

export function isContainerResource(name: string): boolean {
  return CONTAINER_RESOURCES.has(name) || isHugePages(name);
}

export function isQuotaResource(name: string): boolean {
  return QUOTA_RESOURCES.has(name) || isHugePages(name) || name.startsWith(`${REQUESTS}${HUGE_PAGES}`);
}

export function isStandardResource(name: string): boolean {
  return isQuotaResource(name) || name === "storage";
}

/** Cannot be had in parts. */
export function isIntegerResource(name: string): boolean {
  return INTEGERS.has(name) || isExtendedResource(name);
}
